"""A person's own notifications: the page, the bell that every page shows, the choices, and following a server."""

import time
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django_htmx.http import trigger_client_event

from snapshots.connection import own_token_or_404
from snapshots.deletions.keeping import EXTEND_DAYS
from snapshots.deletions.models import Kind as DeletionKind
from snapshots.deletions.models import PlannedDeletion, State
from snapshots.deletions.queries import visible_to
from snapshots.notifications import alarms, pages, personal, rules, texts
from snapshots.notifications.coverage import parse_id
from snapshots.notifications.models import Event, Kind, Notification
from snapshots.operations.server_views import server_view_or_404
from snapshots.templatetags.portal import as_name, with_names
from snapshots.views import polls
from snapshots.views.access import is_of_other_session, public, requires
from snapshots.views.context_processors import make_bell
from snapshots.views.forms.notifications import ReadForm, RulesForm
from snapshots.views.frame_facts import read_facts
from snapshots.views.live_pages import live
from snapshots.views.marks import extend_url, keep_url
from snapshots.views.refused_forms import UNPROCESSABLE
from snapshots.views.texts.base import Badge

PER_PAGE = 50
BELL_MAX_AGE_SECONDS: Final = 300.0


@dataclass(frozen=True)
class NotificationLine:
    """One notification of the list."""

    event: Event
    title: SafeString
    badge: Badge
    url: str
    is_unread: bool
    actor_name: str
    shows_actor: bool
    keep_url: str = ""
    """Where to call back the deletion that it tells of, while it waits for its grace time and the person may; else ''."""
    extend_url: str = ""
    """Where to move the date on until which the snapshot is kept; '' likewise."""


def title_html(event: Event) -> SafeString:
    """The sentence with its names marked as names."""
    return SafeString(texts.title(event, as_name))


def _lines(request: HttpRequest, found: list[Notification]) -> list[NotificationLine]:
    names = texts.actor_names([one.event for one in found])
    waiting = _waiting_deletions(request, found)
    return [
        NotificationLine(
            event=one.event,
            title=title_html(one.event),
            badge=Badge(texts.severity(one.event), texts.badge_text(one.event)),
            url=pages.page_path(one.event),
            is_unread=one.read_at is None,
            actor_name=names.get(one.event.actor_id or 0, ""),
            shows_actor=one.is_colleagues,
            **_buttons(request, waiting.get(one.event.target)),
        )
        for one in found
    ]


def _waiting_deletions(request: HttpRequest, found: list[Notification]) -> dict[str, PlannedDeletion]:
    """By its ID as text, each deletion that these tell of, that still waits, and that the person may see."""
    ids = {parse_id(one.event.target) for one in found if one.event.kind == Kind.DELETION_DUE}
    if not ids:
        return {}
    return {str(one.pk): one for one in visible_to(request.user).filter(pk__in=ids, state=State.WAITING)}


def _buttons(request: HttpRequest, planned: PlannedDeletion | None) -> dict[str, str]:
    """One click from the notice: to call a deletion back, or to move on the date until which a snapshot is kept."""
    if planned is None:
        return {}
    if planned.kind == DeletionKind.KEEP_UNTIL:
        return {"extend_url": extend_url(planned, request.user)}
    return {"keep_url": keep_url(planned, request.user)}


@live(max_age=10)
@requires("signed_in", "GET", "HEAD")
def notification_list(request: HttpRequest) -> HttpResponse:
    own = Notification.objects.filter(person_id=request.user.pk).select_related("event")
    page = Paginator(own, PER_PAGE).get_page(request.GET.get("page"))
    found = list(page)
    context = {
        "lines": _lines(request, found),
        "extend_days": EXTEND_DAYS,
        "page": page,
        "newest": own.values_list("pk", flat=True).first() or 0,
        "may_manage": request.user.has_perm("notifications.manage"),
        "has_unread": bool(read_facts(request.user.pk or 0).unread),
    }
    return render(request, "notifications/notification_list.html", context)


@requires("signed_in", "POST", page="notification_list")
def notification_read(request: HttpRequest) -> HttpResponse:
    """Mark everything up to the newest that the page showed as read."""
    form = ReadForm(request.POST)
    if form.is_valid():
        personal.mark_read(request.user, until=form.cleaned_data["until"])
    return redirect("notification_list")


class BellVersion(msgspec.Struct, array_like=True, frozen=True):
    """What the bell shows. `made_at` in seconds since the epoch."""

    person_id: int
    unread: int
    newest: int
    made_at: float


@public("GET", "HEAD")
def notification_bell(request: HttpRequest) -> HttpResponse:
    """The polled fragment. Of a session that has ended it only says so: a poll must not take a page away that is being filled in.

    A poll whose version still holds gets 204 without the session or the person being read (see polls).
    """
    shown = polls.read(request, BellVersion)
    if shown and _still_holds(shown):
        return HttpResponse(status=204)
    context: dict[str, Any] = {}
    if is_of_other_session(request):
        return trigger_client_event(HttpResponse(status=204), "session-ended")
    if request.user.is_authenticated:
        alarms.check_worker()
        facts = read_facts(request.user.pk)
        newest = Notification.objects.filter(pk=facts.newest).select_related("event").first()
        shown = BellVersion(request.user.pk, facts.unread, facts.newest, time.time())
        context = {
            "bell": make_bell(facts, request.path),
            "newest_title": texts.title(newest.event) if newest else "",
            "bell_version": polls.sign(request, shown),
        }
    return render(request, "notifications/_bell.html", context)


def _still_holds(shown: BellVersion) -> bool:
    """Not for long, and not without a worker: only an answer in full tells that it is away, and ends with the session."""
    if not shown.made_at <= time.time() <= shown.made_at + BELL_MAX_AGE_SECONDS:
        return False
    facts = read_facts(shown.person_id)
    return facts.has_worker and (facts.unread, facts.newest) == (shown.unread, shown.newest)


@requires("signed_in", "GET", "HEAD", "POST")
def notification_rules(request: HttpRequest) -> HttpResponse:
    """What the person is told, and how."""
    person_id = int(request.user.pk or 0)
    kinds = rules.kinds_for(request.user)
    form = RulesForm(
        request.POST if request.method == "POST" else None, kinds=kinds, choices=rules.choices_of(person_id)
    )
    if request.method == "POST" and form.is_valid():
        rules.set_choices(person_id, form.chosen)
        messages.success(request, _("Your choices are stored."))
        return redirect("notification_rules")
    context = {
        "form": form,
        "has_mail_server": settings.SNAPPORTAL_EMAIL is not None,
        "email": getattr(request.user, "email", ""),
    }
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "notifications/notification_rules.html", context, status=status)


@requires("snapshots.see", "POST", page="server_detail")
def server_follow(request: HttpRequest, token_id: str, server_id: int) -> HttpResponse:
    """Follow a server, or stop following it."""
    view = server_view_or_404(own_token_or_404(request.user, token_id), server_id)
    follows = request.POST.get("follow") == "yes"
    rules.set_followed(int(request.user.pk or 0), server_id, follows=follows)
    sentence = _("You follow %(server)s.") if follows else _("You no longer follow %(server)s.")
    messages.success(request, with_names(sentence, server=view.name))
    return redirect("server_detail", token_id, server_id)
