"""One search over everything that a person may see: a page, and for htmx the results in the dialog of every page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from snapshots.views.access import may_open, requires
from snapshots.views.find_results import SOURCES, Group, find_groups, skips_log
from snapshots.views.find_search import SHOWN, SHOWN_OF_ONE, Search
from snapshots.views.forms.find import FindForm
from snapshots.views.links import link


def _count_text(groups: list[Group]) -> str:
    count = sum(len(one.hits) for one in groups)
    if any(one.all_url for one in groups):
        return ngettext("More than %(count)d result", "More than %(count)d results", count) % {"count": count}
    return (
        ngettext("%(count)d result", "%(count)d results", count) % {"count": count}
        if count
        else _("No results")
    )


@requires("signed_in", "GET", "HEAD")
def find_page(request: HttpRequest) -> HttpResponse:
    form = FindForm(request.GET)
    text = form.cleaned_data["q"] if form.is_valid() else ""
    only = request.GET.get("only", "")
    only = only if only in {one.key for one in SOURCES} else ""
    search = Search(request.user, text, SHOWN_OF_ONE if only else SHOWN)
    groups = find_groups(search, only=only)
    context = {
        "form": form,
        "groups": groups,
        "count": _count_text(groups) if search.word else "",
        "confirmed_at": search.confirmed_at
        if {"servers", "snapshots"} & {one.key for one in groups}
        else None,
        "log_url": link("entry_list") if skips_log(search) else "",
        "text_log_url": f"{link('entry_list')}?{urlencode({'text': text})}"
        if may_open(request.user, "audit.read")
        else "",
        "all_url": f"{link('find_page')}?{request.GET.urlencode()}",
    }
    template = "find/_results.html" if request.htmx else "find/find_page.html"  # type: ignore[attr-defined]
    return render(request, template, context)
