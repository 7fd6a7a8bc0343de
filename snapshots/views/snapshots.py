"""Create, restore and delete: GET shows what will happen, POST sends it and redirects to the operation's page."""

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from snapshots.approvals.asking import begin
from snapshots.approvals.models import Kind
from snapshots.connection import own_token_or_404
from snapshots.contract import Snapshot
from snapshots.inventory.clocks import clocks_differ
from snapshots.inventory.names import looks_like, visible_name
from snapshots.inventory.readings import Reading
from snapshots.inventory.servers import find_snapshot, listed_servers
from snapshots.jobs.undo import ways_back
from snapshots.operations import service
from snapshots.operations.expectations import expected
from snapshots.operations.models import Action
from snapshots.operations.reconciliation import read_and_reconcile
from snapshots.operations.rights import may
from snapshots.operations.server_views import ServerView, deletable_ids, server_view_or_404
from snapshots.vault.models import StoredToken
from snapshots.views.access import requires
from snapshots.views.approval_notes import approval_context, asks_anyway, needed_for
from snapshots.views.blocked import blocks_context
from snapshots.views.forms.snapshots import CreateForm, DeleteForm, ReplaceForm, RestoreForm
from snapshots.views.grace import offer_grace
from snapshots.views.marks import restored_at
from snapshots.views.owners import deleters_context, shown_owner
from snapshots.views.room import deletable_rows, offer_room
from snapshots.views.rows import lost_time, row_labels
from snapshots.views.submission import Submission, submit
from snapshots.views.texts.curl import create_curl, delete_curl, restore_curl, safe_restore_curl
from snapshots.views.texts.expectations import usual_sentence
from snapshots.views.texts.names import name_problem
from snapshots.views.texts.refusals import refusal_words
from snapshots.views.texts.statuses import still_text, stuck_text

NAME_FIELD = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "translate": "no"}
"""Attributes of the field for a snapshot's name: nothing changes or translates what is typed."""


@requires("snapshots.create", "GET", "HEAD", "POST")
def snapshot_create(request: HttpRequest, token_id: str, server_id: int) -> HttpResponse:
    token = own_token_or_404(request.user, token_id)
    sent = submit(request, CreateForm, service.create_snapshot, token)
    return sent.response or _create_page(request, token, server_id, sent)


@requires("snapshots.delete_own", "GET", "HEAD", "POST", proof="form")
def snapshot_replace(request: HttpRequest, token_id: str, server_id: int) -> HttpResponse:
    """Create on a full server: delete a snapshot that the person chooses first, as one job."""
    token = own_token_or_404(request.user, token_id)
    sent = submit(request, ReplaceForm, partial(begin, Kind.REPLACE), token)
    if sent.response:
        return sent.response
    view = server_view_or_404(token, server_id)
    sent.form.initial["name"] = propose_name(view)
    sent.form.fields["name"].widget.attrs |= NAME_FIELD
    sent.prepare_for(view, Action.CREATE)
    offer_room(sent.form, view, request.user)
    context = sent.page_context(view.reading) | {"view": view}
    if view.is_full:
        context["approvals_needed"] = needed_for([(view.server_id, Action.DELETE)])
    return render(request, "snapshots/snapshot_replace.html", context, status=sent.status)


@requires("snapshots.restore", "GET", "HEAD", "POST", proof="form")
def snapshot_restore(request: HttpRequest, token_id: str, snapshot_id: int) -> HttpResponse:
    token = own_token_or_404(request.user, token_id)
    kind = Kind.SAFE_RESTORE if "take_safety" in request.POST else Kind.RESTORE
    sent = submit(request, RestoreForm, partial(begin, kind, asks=asks_anyway(request)), token)
    return sent.response or _confirm_page(request, token, snapshot_id, sent, Action.RESTORE)


@requires("snapshots.delete_own", "GET", "HEAD", "POST", proof="form")
def snapshot_delete(request: HttpRequest, token_id: str, snapshot_id: int) -> HttpResponse:
    token = own_token_or_404(request.user, token_id)
    sent = submit(request, DeleteForm, partial(begin, Kind.DELETE, asks=asks_anyway(request)), token)
    return sent.response or _confirm_page(request, token, snapshot_id, sent, Action.DELETE)


@requires("snapshots.create", "GET", "HEAD")
def snapshot_name_check(request: HttpRequest, token_id: str, server_id: int) -> HttpResponse:
    """The fragment that checks a name while it is typed."""
    view = server_view_or_404(own_token_or_404(request.user, token_id), server_id)
    name = request.GET.get("name", "")
    context = {
        "problem": name_problem(name),
        "is_taken": any(looks_like(name, one.name) for one in view.snapshots),
    }
    return render(request, "snapshots/_name_check.html", context)


def propose_name(view: ServerView) -> str:
    """'before-change-2026-11-24', numbered if that name exists; without the date if the provider's clock differs from ours."""
    existing = {visible_name(one.name) for one in view.snapshots}
    base = "before-change"
    if not clocks_differ(view.reading):
        base += f"-{timezone.now():%Y-%m-%d}"
    number = 2
    name = base
    while name in existing:
        name, number = f"{base}-{number}", number + 1
    return name


def _create_page(request: HttpRequest, token: StoredToken, server_id: int, sent: Submission) -> HttpResponse:
    view = server_view_or_404(token, server_id)
    sent.form.initial["name"] = propose_name(view)
    sent.form.fields["name"].widget.attrs |= _name_check(token, server_id) | {
        "aria-describedby": f"{sent.form['name'].aria_describedby} name-check"
    }
    sent.prepare_for(view, Action.CREATE)
    context = sent.page_context(view.reading) | {
        "view": view,
        "rows": deletable_rows(view, request.user),
        "labels": row_labels(),
        "may_delete": bool(deletable_ids(request.user, view)),
        "is_running": view.server is not None and view.server.is_running,
        "usual": usual_sentence(expected(view.server_id, Action.CREATE)),
        "command": create_curl(request, view.server_id, sent.form.initial["name"]),
    }
    return render(request, "snapshots/snapshot_create.html", context, status=sent.status)


def _name_check(token: StoredToken, server_id: int) -> dict[str, str]:
    """Attributes of the name field: htmx sends what is typed to the name check."""
    return NAME_FIELD | {
        "hx-get": reverse("snapshot_name_check", args=[token.pk, server_id]),
        "hx-trigger": "input changed delay:400ms",
        "hx-target": "#name-check",
        "hx-swap": "innerHTML",
    }


def _confirm_page(
    request: HttpRequest, token: StoredToken, snapshot_id: int, sent: Submission, action: Action
) -> HttpResponse:
    """The confirmation page of a restore or a delete."""
    reading = read_and_reconcile(token)
    snapshot = find_snapshot(reading, snapshot_id)
    if snapshot is None:
        return _gone_page(request, reading, sent)
    view = server_view_or_404(token, snapshot.server.id)
    sent.prepare_for(view, action, snapshot)
    context = sent.page_context(reading) | _consequences(request, view, snapshot, action)
    context |= blocks_context(request, view)
    context |= approval_context(request, context, view, action)
    if action == Action.RESTORE:
        _offer_safety(request, sent, view, snapshot)
        context["command"] = restore_curl(request, snapshot.id)
        if "take_safety" in sent.form.fields and "make_room" not in sent.form.fields:
            context["safe_command"] = safe_restore_curl(request, snapshot.id)
    else:
        context["command"] = delete_curl(request, snapshot.id)
        context |= offer_grace(sent.form, view, snapshot)
        restore = ways_back([view]).get(snapshot.id)
        context["undoes"] = restored_at(restore) if restore else ""
        context |= deleters_context(request, view, snapshot)
    context["is_held_for_me"] = view.is_held and "override_reason" not in sent.form.fields
    verb = "restore" if action == Action.RESTORE else "delete"
    return render(request, f"snapshots/snapshot_{verb}.html", context, status=sent.status)


def _offer_safety(request: HttpRequest, sent: Submission, view: ServerView, snapshot: Snapshot) -> None:
    """Take the safety snapshot's fields off the form where it cannot be taken; else say what may make room for it."""
    fields = sent.form.fields
    if not may(request.user, "snapshots.create", view) or view.is_held or not view.reading.is_complete:
        del fields["take_safety"], fields["make_room"]
        return
    offer_room(sent.form, view, request.user, needed=snapshot)
    if view.is_full and "make_room" not in fields:  # nothing can make room
        del fields["take_safety"]


def _consequences(
    request: HttpRequest, view: ServerView, snapshot: Snapshot, action: Action
) -> dict[str, Any]:
    return {
        "view": view,
        "snapshot": snapshot,
        "owner": shown_owner(view, snapshot),
        "still": still_text(snapshot.status) if snapshot.is_moving else "",
        "stuck": stuck_text(snapshot.status, view.moving_since(snapshot)) if view.is_stuck(snapshot) else "",
        "namesakes": view.namesakes(snapshot),
        "server_namesakes": sum(
            looks_like(one.name, view.name) for one in listed_servers(view.token, view.reading)
        ),
        "lost_time": lost_time(view, snapshot),
        "clocks_differ": clocks_differ(view.reading),
        "loss_is_unknown": snapshot.created_at is None or clocks_differ(view.reading),
        "is_possible": action == Action.DELETE or _can_be_restored(view, snapshot),
        "is_last": view.used == 1 and view.reading.is_complete,
        "usual": usual_sentence(expected(view.server_id, Action.RESTORE, snapshot.size_mb))
        if action == Action.RESTORE
        else "",
    }


def _can_be_restored(view: ServerView, snapshot: Snapshot) -> bool:
    """Whether a restore is offered. If not, the page says why in place of what would happen."""
    return snapshot.is_completed and not view.is_gone and snapshot.id not in view.deleted_ids


def _gone_page(request: HttpRequest, reading: Reading, sent: Submission) -> HttpResponse:
    """The snapshot is not in the list (any more), or no list was ever read."""
    context = sent.page_context(reading)
    is_gone = reading.is_known and reading.is_complete
    status = sent.status if sent.code else 404 if is_gone else 503
    if not sent.code and reading.is_known:
        context["refusal"] = refusal_words("snapshot_gone" if is_gone else "list_incomplete")
    return render(request, "snapshots/snapshot_gone.html", context, status=status)
