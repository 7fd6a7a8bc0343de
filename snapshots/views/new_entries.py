"""The note above an open list of the audit log that there are new entries. The list itself stays as it is being read."""

from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django_htmx.http import trigger_client_event

from snapshots.audit import queries
from snapshots.audit.search.listing import Listing
from snapshots.views import polls
from snapshots.views.entry_lines import sequence_from
from snapshots.views.live_pages import PageVersion, page_version
from snapshots.views.texts import audit as texts

COUNTED = 50
"""More new entries than this are not counted."""


def note_context(request: HttpRequest, *, row: int | None, shown: int | None) -> dict[str, Any]:
    """Of a list that was read when `row` was the newest row of the log; `shown` is the newest entry in it, None if it is empty.

    Empty for a list that does not begin with the newest entry: what is new does not belong there.
    """
    if row is None or {"before", "after"} & request.GET.keys():
        return {}
    query = request.GET.copy()
    query["newer_than"] = str(row if shown is None else shown)
    return {"news_url": f"?{query.urlencode()}", "news_version": page_version(request, row)}


def note(request: HttpRequest, listing: Listing) -> HttpResponse:
    """The polled fragment: how many entries of this list there are after the row `newer_than`."""
    version = polls.read(request, PageVersion)
    row = queries.newest_sequence()
    if row is None or (version and version.row == row):
        return HttpResponse(status=204)
    since = sequence_from(request, "newer_than")
    found = listing.page(COUNTED, after=row if since is None else since)
    query = QueryDict(request.GET.urlencode(), mutable=True)
    query.pop("newer_than", None)
    context = {
        "news_url": request.get_full_path(),
        "news_version": page_version(request, row),
        "words": texts.new_entries_words(len(found.entries), has_more=found.newer is not None),
        "list_url": f"{request.path}?{query.urlencode()}" if query else request.path,
    }
    response = render(request, "audit/_news.html", context)
    return (
        trigger_client_event(response, "announce", {"text": context["words"]}) if found.entries else response
    )
