"""The list of servers, one server's page, and the fragment that a card polls."""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_htmx.http import trigger_client_event

from snapshots.connection import own_token_or_404, own_tokens
from snapshots.deletions.grace import grace_days
from snapshots.deletions.queries import waiting_in
from snapshots.inventory.names import visible_name
from snapshots.inventory.readings import Reading
from snapshots.notifications import rules
from snapshots.operations.attention import visible_to
from snapshots.operations.models import Operation
from snapshots.operations.reconciliation import read_and_reconcile_all
from snapshots.operations.server_views import ServerView, server_view_or_404, server_views
from snapshots.schedules.service import MANAGE
from snapshots.templatetags.portal import id_text
from snapshots.vault.models import StoredToken
from snapshots.views import polls
from snapshots.views.access import requires
from snapshots.views.cards import Card, make_card, old_from
from snapshots.views.forms.deletions import days_text
from snapshots.views.forms.schedule_values import server_value
from snapshots.views.forms.servers import ServerFilterForm
from snapshots.views.observed import observed_context
from snapshots.views.rows import row_labels
from snapshots.views.running_jobs import running_jobs
from snapshots.views.schedule_lines import schedules_of_server
from snapshots.views.server_filter import Match, ServerFilter, find
from snapshots.views.texts.base import Words
from snapshots.views.texts.operations import operation_badge, operation_words
from snapshots.views.texts.readings import reading_words, servers_text
from snapshots.views.texts.statuses import VERBS, not_allowed_text, snapshot_badge
from snapshots.views.undo import undo_of_server

SERVERS_PER_PAGE = 20
"""At most 100 snapshots on a page."""
RECENT_OPERATIONS = 10
MOVING_MAX = 50
TOKEN_TROUBLES = frozenset({"token_refused", "forbidden", "sealed"})


@dataclass(frozen=True)
class Trouble:
    """A token whose list is stale, incomplete or was never read."""

    words: Words
    token: StoredToken
    reading: Reading
    replace_url: str


@dataclass(frozen=True)
class ServersTrouble:
    """A token whose servers could not be read, although its snapshots could."""

    label: str
    text: str


def _troubles(readings: list[tuple[StoredToken, Reading]]) -> list[Trouble]:
    """One per token with a stale or incomplete list; a token stored under two labels is listed only once."""
    by_fingerprint = {token.fingerprint: (token, reading) for token, reading in reversed(readings)}
    return [
        Trouble(
            words=reading_words(reading),
            token=token,
            reading=reading,
            replace_url=reverse("token_replace", args=[token.pk]) if reading.error in TOKEN_TROUBLES else "",
        )
        for token, reading in reversed(by_fingerprint.values())
        if reading.is_stale or not reading.is_complete
    ]


def _servers_troubles(readings: list[tuple[StoredToken, Reading]]) -> list[ServersTrouble]:
    by_fingerprint = {
        token.fingerprint: (token, servers_text(reading)) for token, reading in reversed(readings)
    }
    return [ServersTrouble(token.label, text) for token, text in reversed(by_fingerprint.values()) if text]


def _shown_text(found: list[Match]) -> str:
    snapshots = sum(len(one.snapshots) for one in found)
    return _("%(servers)s, %(snapshots)s shown") % {
        "servers": ngettext("%d server", "%d servers", len(found)) % len(found),
        "snapshots": ngettext("%d snapshot", "%d snapshots", snapshots) % snapshots,
    }


def _page_url(request: HttpRequest, number: int) -> str:
    query = request.GET.copy()
    query["page"] = str(number)
    return f"?{query.urlencode()}"


def _polled_card(request: HttpRequest, view: ServerView, **options: Any) -> Card:
    """The card (see make_card) with the version that it polls with, if it does."""
    card = make_card(view, request.user, **options)
    if not card.poll_url:
        return card
    found = [(view.token, view.reading)]
    return replace(card, version=polls.version(request, found, is_moving=card.poll_seconds > 0))


def _results(
    request: HttpRequest,
    readings: list[tuple[StoredToken, Reading]],
    found: list[Match],
    chosen: ServerFilter,
) -> dict[str, Any]:
    page: Page[Match] = Paginator(found, SERVERS_PER_PAGE).get_page(request.GET.get("page"))
    planned = waiting_in(one.view for one in page)
    cards = [
        _polled_card(
            request,
            one.view,
            shown=None if chosen.is_all else one.snapshots,
            shows_token=len(readings) > 1,
            planned=planned,
        )
        for one in page
    ]
    troubles = _troubles(readings)
    moments = [reading.confirmed_at for _token, reading in readings if reading.confirmed_at]
    return {
        "cards": cards,
        "has_picks": any(card.has_picks for card in cards),
        "labels": row_labels(),
        "page": page,
        "previous_url": _page_url(request, page.previous_page_number()) if page.has_previous() else "",
        "next_url": _page_url(request, page.next_page_number()) if page.has_next() else "",
        "shown": _shown_text(found),
        "troubles": troubles,
        "servers_troubles": _servers_troubles(readings),
        "is_known": bool(moments) and all(reading.is_complete for _token, reading in readings),
        "is_filtered": not chosen.is_all,
        "confirmed_at": min(moments, default=None),
        "old_from": old_from(min(moments, default=None)),
        "blind": [token.label for token, reading in readings if reading.is_known and reading.hides_servers],
        "poll_url": request.get_full_path(),
        "version": polls.version(request, readings, is_moving=False),
        "poll_seconds": min((trouble.reading.poll_seconds for trouble in troubles), default=0),
    }


def _role_note(request: HttpRequest) -> str:
    """Which actions on snapshots the person's role does not allow; '' if it allows all of them."""
    return not_allowed_text(verb for verb in VERBS if not request.user.has_perm(f"snapshots.{verb}"))


def _choices(views: list[ServerView]) -> list[tuple[str, str]]:
    """Choices of the server filter, by name; with the ID where names look the same."""
    names = {view.server_id: view.name for view in views}
    seen = Counter(visible_name(name) for name in names.values())
    choices = [
        (str(server_id), f"{name} ({id_text(server_id)})" if seen[visible_name(name)] > 1 else name)
        for server_id, name in names.items()
    ]
    return sorted(choices, key=lambda one: one[1].casefold())


@polls.answers_unchanged
@requires("snapshots.see", "GET", "HEAD")
def server_list(request: HttpRequest) -> HttpResponse:
    """The servers of all own tokens; for htmx only the results below the filter."""
    tokens = own_tokens(request.user)
    if not tokens:
        return render(request, "servers/no_token.html")
    readings = read_and_reconcile_all(tokens)
    views = [view for token, reading in readings for view in server_views(token, reading)]
    form = ServerFilterForm(
        request.GET,
        servers=_choices(views),
        tokens=[(token.pk, token.label) for token in tokens],
    )
    token_id = form.chosen("token")
    chosen = ServerFilter(*(form.chosen(name) for name in ("q", "server", "status", "sort")))
    found = find((view for view in views if not token_id or view.token.pk == token_id), chosen)
    context = _results(request, readings, found, chosen) | {
        "form": form,
        "has_servers": bool(views),
        "role_note": _role_note(request),
        "may_create": request.user.has_perm("snapshots.create"),
        "may_delete": request.user.has_perm("snapshots.delete"),
    }
    if request.htmx:  # type: ignore[attr-defined]
        response = render(request, "servers/_results.html", context)
        if request.htmx.trigger == "filter":  # type: ignore[attr-defined]
            return trigger_client_event(response, "announce", {"text": context["shown"]})
        return response
    return render(request, "servers/server_list.html", context)


@dataclass(frozen=True)
class OperationLine:
    operation: Operation
    url: str
    badge: Any


def _recent(request: HttpRequest, server_id: int) -> list[OperationLine]:
    operations = visible_to(request.user).filter(server_id=server_id)[:RECENT_OPERATIONS]
    return [
        OperationLine(one, reverse("operation_detail", args=[one.pk]), operation_badge(one))
        for one in operations
    ]


def _schedule_add_url(request: HttpRequest, view: ServerView) -> str:
    """The form of a schedule with this server chosen; '' for people who may not make one."""
    if not request.user.has_perm(MANAGE):
        return ""
    query = QueryDict(mutable=True)
    query["server"] = server_value(view.token.pk, view.server_id)
    return f"{reverse('schedule_add')}?{query.urlencode()}"


@polls.answers_unchanged
@requires("snapshots.see", "GET", "HEAD")
def server_detail(request: HttpRequest, token_id: str, server_id: int) -> HttpResponse:
    token = own_token_or_404(request.user, token_id)
    view = server_view_or_404(token, server_id)
    context = {
        "view": view,
        "card": _polled_card(request, view, is_alone=True, shows_trouble=True),
        "labels": row_labels(),
        "role_note": _role_note(request),
        "lines": _recent(request, server_id),
        "is_followed": rules.is_followed(int(request.user.pk or 0), server_id),
        "audit_url": f"{reverse('entry_list')}?server={server_id}"
        if request.user.has_perm("audit.read")
        else "",
        "grace_text": days_text(grace_days(server_id)),
        "may_delete": request.user.has_perm("snapshots.delete"),
        "hides_servers": view.reading.hides_servers,
        "servers_trouble": servers_text(view.reading),
        "undo": undo_of_server(request, view),
        "running_jobs": running_jobs(request, server_id),
        "schedules": schedules_of_server(request.user, view),
        "schedule_add_url": _schedule_add_url(request, view),
        **observed_context(request, server_id),
    }
    return render(request, "servers/server_detail.html", context)


def ended_text(view: ServerView, moving: str) -> str:
    """What ended since the last poll, as text. `moving` comes from cards.moving_parts; invalid parts are ignored."""
    sentences = []
    announced: set[str] = set()
    listed = {f"s{one.id}": one for one in view.reading.snapshots}
    operations = {f"o{one.pk}": one for one in view.operations}
    for part in moving.split(",")[:MOVING_MAX]:
        operation = operations.get(part)
        if operation and not operation.is_open:
            announced.add(f"s{operation.snapshot_id}")
            sentences.append(f"{operation.snapshot_name}: {operation_words(operation).title}")
    for part in moving.split(",")[:MOVING_MAX]:
        if part in announced or not (part.startswith("s") and part[1:].isdecimal()):
            continue
        snapshot = listed.get(part)
        if snapshot is None and view.reading.is_complete:
            sentences.append(_("A snapshot is gone"))
        elif snapshot and not snapshot.is_moving:
            sentences.append(f"{snapshot.name}: {snapshot_badge(snapshot.status).text}")
    return f"{view.name}: {'. '.join(sentences)}" if sentences else ""


@polls.answers_unchanged
@requires("snapshots.see", "GET", "HEAD")
def server_status(request: HttpRequest, token_id: str, server_id: int) -> HttpResponse:
    """One card. Without a poll URL it stops polling; a stale card in the list triggers a refresh of the whole list."""
    token = own_token_or_404(request.user, token_id)
    try:
        view = server_view_or_404(token, server_id)
    except Http404:
        return render(request, "servers/_gone.html", {"server_id": server_id})
    is_alone = request.GET.get("alone") == "1"
    card = _polled_card(
        request,
        view,
        is_alone=is_alone,
        shows_token=not is_alone and len(own_tokens(request.user)) > 1,
        shows_trouble=True,
    )
    response = render(request, "servers/_server.html", {"card": card, "labels": row_labels()})
    if card.trouble and not is_alone:
        trigger_client_event(response, "stale")
    text = ended_text(view, request.GET.get("moving", ""))
    return trigger_client_event(response, "announce", {"text": text}) if text else response
