"""Pages of the audit log: the list with one line per operation or event, one entry with its whole history, and the export."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from snapshots.audit import chain, export, lines, queries, sealing
from snapshots.audit.archiving import reading
from snapshots.audit.archiving import rows as archive_rows
from snapshots.audit.archiving.rows import Archive
from snapshots.audit.models import Entry
from snapshots.audit.queries import LONGEST_HISTORY
from snapshots.audit.search.criteria import NOTHING
from snapshots.audit.search.listing import Found
from snapshots.views import new_entries, receipts
from snapshots.views.access import requires
from snapshots.views.entry_lines import EntryLine, sequence_from
from snapshots.views.forms.audit import EntryFilterForm
from snapshots.views.live_pages import live
from snapshots.views.log_health import read_health
from snapshots.views.log_links import log_url, person_log_url, server_log_url, token_log_url
from snapshots.views.log_subjects import subjects_of
from snapshots.views.log_tabs import make_tabs
from snapshots.views.review_lines import entry_reviews
from snapshots.views.roster import Roster
from snapshots.views.saved_views import saved_lines
from snapshots.views.texts import audit as texts
from snapshots.views.texts import audit_names
from snapshots.views.texts.audit_areas import HINTS as AREA_HINTS
from snapshots.views.texts.statements import evidence_html, role_words, signed_if_other

PAGE_SIZE = 50
SHORT_FINGERPRINT = 12


@dataclass(frozen=True)
class Page:
    """Lines, newest first, and the query strings of the newer and older pages ('' if there is none).

    `looked_at`: the first and the last row that were looked at, if not all were.
    """

    lines: list[EntryLine]
    newer: str
    older: str
    newest: str
    oldest: str
    looked_at: tuple[int, int] | None = None


def _page(found: Found, chosen: dict[str, str], roster: Roster) -> Page:
    entries = found.entries
    return Page(
        lines=_lines(entries, roster),
        newer="" if found.newer is None else urlencode(chosen | {"after": str(found.newer)}),
        older="" if found.older is None else urlencode(chosen | {"before": str(found.older)}),
        newest=str(entries[0].sequence) if entries else "",
        oldest=str(entries[-1].sequence) if entries else "",
        looked_at=found.looked_at,
    )


def _lines(entries: list[Entry], roster: Roster) -> list[EntryLine]:
    names, terms = roster.names(entries), roster.exact_terms
    return [
        EntryLine(one, names[one.sequence], who_url=person_log_url(terms.get(one.actor_id or 0)))
        for one in entries
    ]


@requires("audit.read", "GET", "HEAD")
def entry_list(request: HttpRequest) -> HttpResponse:
    roster = Roster.load()
    form = EntryFilterForm(request.GET, roster)
    listing, chosen = NOTHING, {}
    if form.is_valid():
        listing, chosen = form.criteria.listing(), form.chosen()
    if request.htmx:  # type: ignore[attr-defined]
        return new_entries.note(request, listing)
    row = queries.newest_sequence()
    found = listing.page(
        PAGE_SIZE, before=sequence_from(request, "before"), after=sequence_from(request, "after")
    )
    count = listing.count()
    area = form.given().get("area", "")
    context = {
        "form": form,
        "tabs": make_tabs(form),
        "saved": saved_lines(request, roster, form.given()),
        "save_url": f"{reverse('log_view_add')}?{urlencode(chosen)}" if chosen else "",
        "subjects": subjects_of(request, form) if chosen else None,
        "area_hint": AREA_HINTS.get(area, ""),
        "clear_url": log_url(area=area) if area in AREA_HINTS else log_url(),
        "page": _page(found, chosen, roster),
        "count": count.number,
        "count_words": texts.counted_words(count),
        "is_scanned": listing.is_scanned,
        "is_filtered": bool(chosen) or not form.is_valid(),
        "is_narrowed": bool(chosen.keys() - {"area"}) or not form.is_valid(),
        "query": urlencode(chosen),
        "filters": form.in_words() if chosen else [],
        "server_note": form.server_note() if chosen else "",
        "as_of": timezone.now(),
        "people": roster.choices(),
        "may_export": request.user.has_perm("audit.export"),
        "may_review": request.user.has_perm("audit.review"),
        **new_entries.note_context(
            request, row=row, shown=found.entries[0].sequence if found.entries else None
        ),
        **read_health(),
    }
    return render(request, "audit/entry_list.html", context)


def _is_sealed(entry: Entry) -> bool:
    return chain.check_seal(entry.row, settings.SNAPPORTAL_AUDIT_KEYS) == ""


def _step(entry: Entry, is_sealed: bool) -> dict[str, Any]:
    """Context of one row of the history. `is_sealed` says whether its signature, or its place in the tree, is valid."""
    evidence = evidence_html(entry.full_evidence, entry.action)
    return {
        "entry": entry,
        "time": sealing.format_time(entry.at) if entry.is_readable else "",
        "badge": texts.step_badge(entry),
        "meaning": texts.step_words(entry),
        "why": texts.code_words(entry),
        "channel": texts.channel_words(entry.channel),
        "is_sealed": is_sealed,
        "fingerprint": entry.token_fingerprint[:SHORT_FINGERPRINT],
        "evidence": evidence or texts.missing_html(entry, "evidence_subject"),
        "signed_evidence": signed_if_other(entry.full_evidence, evidence),
        "settled_by": entry.settled_by or texts.missing_html(entry, "settled_by_subject"),
        "address": entry.address or texts.missing_html(entry, "address_subject"),
    }


@live()
@requires("audit.read", "GET", "HEAD")
def entry_detail(request: HttpRequest, sequence: int) -> HttpResponse:
    entry = Entry.objects.row(sequence)
    if entry is not None:
        return _detail(request, entry, [(row, _is_sealed(row)) for row in _history(entry)])
    archive = archive_rows.holding(sequence)
    if archive is None:
        raise Http404
    archived = reading.find_readable(sequence)
    if archived is None:
        return redirect("archive_detail", first=archive.first)
    later = [(row, _is_sealed(row)) for row in _history(archived.entry)]
    rows = sorted([(archived.entry, archived.is_in_tree), *later], key=lambda row: row[0].sequence)
    return _detail(request, archived.entry, rows, archive)


def _history(entry: Entry) -> list[Entry]:
    return entry.history.fetch(LONGEST_HISTORY)


def _neighbours(sequence: int) -> dict[str, int | None]:
    """The rows beside this one, in the database or archived."""
    others = Entry.objects.numbered().order_by("sequence").values_list("sequence", flat=True)
    archived = archive_rows.last_archived()
    older, newer = sequence - 1, sequence + 1
    return {
        "older": older if 0 < older <= archived else others.filter(sequence__lt=sequence).last(),
        "newer": newer if newer <= archived else others.filter(sequence__gt=sequence).first(),
    }


def _log_links(first: Entry, roster: Roster) -> dict[str, str]:
    """Everything that the person and the token of this row did, and everything about its server."""
    return {
        "person": person_log_url(roster.exact_terms.get(first.actor_id or 0)),
        "server": server_log_url(first.server_id) if first.server_id else "",
        "token": token_log_url(first.token_fingerprint),
    }


def _detail(
    request: HttpRequest, entry: Entry, rows: list[tuple[Entry, bool]], archive: Archive | None = None
) -> HttpResponse:
    """The page of `entry`, with `rows`, its history; each row with whether it is valid."""
    steps = [_step(row, is_valid) for row, is_valid in rows]
    first, last = steps[0]["entry"], steps[-1]["entry"]
    roster = Roster.load()
    context = {
        "entry": entry,
        "first": first,
        "steps": steps,
        "headline": texts.headline(first),
        "headline_html": texts.headline_html(first),
        "who": texts.who_html(first, roster.names([first])[first.sequence]),
        "log_links": _log_links(first, roster),
        "role": role_words(first.actor_role) if first.actor_role else "",
        "target": texts.target_html(first),
        "result": texts.result_badge(last),
        "is_unanswered": texts.is_unanswered(last),
        "may_export": request.user.has_perm("audit.export"),
        "has_receipt": archive is None and receipts.is_complete(first),
        "archive": archive,
        "as_of": timezone.now(),
        **entry_reviews(request.user, [row for row, _is_valid in rows]),
    } | _neighbours(entry.sequence)
    return render(request, "audit/entry_detail.html", context)


@requires("audit.export", "GET", "HEAD", "POST", proof="form")
def entry_export(request: HttpRequest) -> HttpResponseBase:
    """GET shows the size of the export, POST downloads it. Both take the filter from the query string."""
    form = EntryFilterForm(request.GET, Roster.load())
    if not form.is_valid():
        return redirect(f"{reverse('entry_list')}?{request.GET.urlencode()}")
    chosen = form.chosen()
    if request.method == "POST":
        return _download(request, form)
    count = form.rows().capped_count()
    context = {
        "count": count,
        "count_words": texts.count_words(count),
        "filters": form.in_words(),
        "query": urlencode(chosen),
        "columns": [(column, audit_names.COLUMNS[column]) for column in lines.COLUMNS],
        "archived": archive_rows.last_archived(),
    }
    return render(request, "audit/entry_export.html", context)


def _download(request: HttpRequest, form: EntryFilterForm) -> HttpResponseBase:
    format_name = request.POST.get("format", "")
    if format_name not in export.EXTENSIONS:
        raise Http404
    chosen = request.POST.getlist("column")
    is_redacted = "choose" in request.POST
    is_offered = format_name == "json" if is_redacted else not chosen
    if not is_offered or not set(chosen) <= set(lines.COLUMNS):
        raise BadRequest("no form of the portal asks for this file")
    columns = [column for column in lines.COLUMNS if column in chosen] if is_redacted else None
    return receipts.download(
        request, rows=form.rows(), format_name=format_name, filters=form.filters_text(), columns=columns
    )
