"""One server's page, and the fragment that a card polls."""

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRefresh, trigger_client_event

from snapshots.connection import own_token_or_404, own_tokens
from snapshots.deletions.grace import grace_days
from snapshots.notifications import rules
from snapshots.operations.attention import visible_to
from snapshots.operations.models import Operation
from snapshots.operations.rights import may
from snapshots.operations.server_views import ServerView, server_view_or_404
from snapshots.schedules.service import MANAGE
from snapshots.views import polls
from snapshots.views.access import requires
from snapshots.views.blocked import blocks_context
from snapshots.views.forms.deletions import days_text
from snapshots.views.forms.schedule_values import server_value
from snapshots.views.listed_cards import polled_card
from snapshots.views.live_pages import live
from snapshots.views.log_links import server_log_url
from snapshots.views.observed import observed_context
from snapshots.views.rows import row_labels
from snapshots.views.running_jobs import running_jobs
from snapshots.views.schedule_lines import schedules_of_server
from snapshots.views.server_layout import SERVER_TEMPLATES, layout_of
from snapshots.views.texts.operations import operation_badge, operation_words
from snapshots.views.texts.readings import servers_text
from snapshots.views.texts.statuses import limit_note, role_note, snapshot_badge
from snapshots.views.undo import undo_of_server

RECENT_OPERATIONS = 10
MOVING_MAX = 50


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
    if not may(request.user, MANAGE, view):
        return ""
    query = QueryDict(mutable=True)
    query["server"] = server_value(view.token.pk, view.server_id)
    return f"{reverse('schedule_add')}?{query.urlencode()}"


@live(follows=True)
@polls.answers_unchanged
@requires("snapshots.see", "GET", "HEAD")
def server_detail(request: HttpRequest, token_id: str, server_id: int) -> HttpResponse:
    token = own_token_or_404(request.user, token_id)
    view = server_view_or_404(token, server_id, max_age=polls.max_age(request))
    context = {
        "view": view,
        "card": polled_card(request, view, is_alone=True, shows_trouble=True),
        "labels": row_labels(),
        "role_note": role_note(request.user, server_id),
        "temporary_roles": request.user.held_roles_on(server_id),  # type: ignore[union-attr]
        "people_url": reverse("server_people", args=[token_id, server_id])
        if request.user.has_perm("people.manage")
        else "",
        "limit_note": limit_note(request.user, token),
        "lines": _recent(request, server_id),
        "is_followed": rules.is_followed(int(request.user.pk or 0), server_id),
        "audit_url": server_log_url(server_id) if request.user.has_perm("audit.read") else "",
        "grace_text": days_text(grace_days(server_id)),
        "may_delete": may(request.user, "snapshots.delete", view),
        "hides_servers": view.reading.hides_servers,
        "servers_trouble": servers_text(view.reading),
        "undo": undo_of_server(request, view),
        "running_jobs": running_jobs(request, server_id),
        "schedules": schedules_of_server(request.user, view),
        "schedule_add_url": _schedule_add_url(request, view),
        **observed_context(request, server_id),
        **blocks_context(request, view),
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
    """One card. Without a poll URL it stops polling; a stale card in the list triggers a refresh of the whole list.

    Where the token is gone, nothing on the page is true any more: it is loaded again.
    """
    is_alone = request.GET.get("alone") == "1"
    layout = "" if is_alone else layout_of(request)
    try:
        token = own_token_or_404(request.user, token_id)
    except Http404:
        if request.htmx:  # type: ignore[attr-defined]
            return HttpResponseClientRefresh()
        raise
    try:
        view = server_view_or_404(token, server_id, max_age=polls.max_age(request))
    except Http404:
        return render(request, "servers/_gone.html", {"server_id": server_id, "layout": layout})
    card = polled_card(
        request,
        view,
        is_alone=is_alone,
        shows_token=not is_alone and len(own_tokens(request.user)) > 1,
        shows_trouble=True,
    )
    response = render(request, SERVER_TEMPLATES[layout], {"card": card, "labels": row_labels()})
    if card.trouble and not is_alone:
        trigger_client_event(response, "stale")
    text = ended_text(view, request.GET.get("moving", ""))
    return trigger_client_event(response, "announce", {"text": text}) if text else response
