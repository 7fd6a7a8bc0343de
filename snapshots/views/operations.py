"""Pages of operations: one operation and its polled fragment, operations that need attention, and manual resolution."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django_htmx.http import trigger_client_event

from snapshots.audit.models import Entry
from snapshots.connection import own_tokens, wait_until
from snapshots.inventory import progress
from snapshots.inventory.names import looks_like
from snapshots.inventory.reader import last_reading
from snapshots.inventory.readings import Reading
from snapshots.inventory.shown_servers import copy_reaching
from snapshots.jobs.service import job_of_operation
from snapshots.operations import attention
from snapshots.operations.attention import can_be_closed, visible_to
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action, Operation, State
from snapshots.operations.reconciliation import read_and_reconcile, read_and_reconcile_all
from snapshots.operations.rights import may_on
from snapshots.operations.server_views import deletable_ids, server_views
from snapshots.upstream.errors import LimitReachedError, RateLimitedError
from snapshots.vault.models import StoredToken
from snapshots.views import polls
from snapshots.views.access import raise_if_rights_changed, requires
from snapshots.views.actor import actor_of
from snapshots.views.forms.operations import CloseForm
from snapshots.views.live_pages import RESTING_SECONDS, live
from snapshots.views.room import deletable_rows
from snapshots.views.rows import operation_estimate, row_labels
from snapshots.views.texts.base import Badge
from snapshots.views.texts.operations import LIMIT_WITHOUT_SNAPSHOTS, operation_badge, operation_words
from snapshots.views.texts.readings import reading_words, wait_title
from snapshots.views.texts.refusals import refusal_status, refusal_words
from snapshots.views.texts.statements import evidence_html
from snapshots.views.undo import undo_of


def _reconciled_operation(request: HttpRequest, pk: UUID) -> tuple[Operation, Reading | None]:
    """The operation after reconciliation, with the reading used; None if it has ended or its token is not stored any more."""
    operation = get_object_or_404(visible_to(request.user), pk=pk)
    if not operation.is_open:
        return operation, None
    token = _own_token(request, operation)
    reading = read_and_reconcile(token, max_age=polls.max_age(request)) if token else None
    operation.refresh_from_db()
    return operation, reading


def _own_token(request: HttpRequest, operation: Operation) -> StoredToken | None:
    """The person's own copy of the token that the operation was sent with."""
    tokens = own_tokens(request.user)
    return copy_reaching(tokens, operation.token_fingerprint, operation.server_id)


def _deletable_context(request: HttpRequest, operation: Operation) -> dict[str, Any]:
    """The server's snapshots, if a create failed because the limit was reached: deleting one frees a slot.

    If none is listed, the words that say so. Otherwise empty.
    """
    is_full = operation.state == State.FAILED and operation.code == LimitReachedError.code
    token = _own_token(request, operation) if is_full else None
    if token is None:
        return {}
    reading = read_and_reconcile(token, max_age=polls.max_age(request))
    views = server_views(token, reading)
    view = next((one for one in views if one.server_id == operation.server_id), None)
    if view is None or not view.snapshots:
        is_certain = reading.is_known and reading.is_complete and not reading.is_stale
        return {"words": LIMIT_WITHOUT_SNAPSHOTS} if is_certain else {}
    return {
        "view": view,
        "rows": deletable_rows(view, request.user),
        "labels": row_labels(),
        "may_delete": bool(deletable_ids(request.user, view)),
        "trouble": reading_words(reading) if reading.is_stale else None,
    }


def _namesakes(request: HttpRequest, operation: Operation, reading: Reading | None) -> int:
    """How many snapshots of the server have a name that looks the same, as last read."""
    token = _own_token(request, operation)
    reading = reading or (last_reading(token) if token else None)
    return sum(
        one.server.id == operation.server_id and looks_like(one.name, operation.snapshot_name)
        for one in (reading.snapshots if reading else ())
    )


def _server_url(request: HttpRequest, operation: Operation) -> str:
    """The server's page, with the person's own copy of the operation's token; '' if the person has none."""
    token = _own_token(request, operation)
    return reverse("server_detail", args=[token.pk, operation.server_id]) if token else ""


def _audit_url(request: HttpRequest, operation: Operation) -> str:
    """The operation's first row in the audit log; '' for people who may not read the log."""
    if not request.user.has_perm("audit.read"):
        return ""
    rows = Entry.objects.filter(operation_id=operation.pk).order_by("sequence")
    sequence = rows.values_list("sequence", flat=True).first()
    return reverse("entry_detail", args=[sequence]) if sequence else ""


def _wait_title(operation: Operation) -> str:
    """Until when the provider asked us to wait, if that is why the operation failed; '' once the wait is over."""
    until = wait_until(operation.token_fingerprint) if operation.code == RateLimitedError.code else None
    return wait_title(until) if until else ""


def _state_context(request: HttpRequest, operation: Operation, reading: Reading | None) -> dict[str, Any]:
    poll_seconds = 0
    if operation.is_open and reading is not None:
        pace = progress.poll_seconds(operation.began_at, operation.expected_minutes)
        if operation.state == State.UNKNOWN:
            pace = max(pace, progress.SLOW_POLL_SECONDS)  # evidence may take long or never appear
        poll_seconds = max(pace, reading.poll_seconds)
    may_close = can_be_closed(operation) and may_on(request.user, "snapshots.restore", operation.server_id)
    return {
        "operation": operation,
        "evidence": evidence_html(operation.evidence, operation.action),
        "words": operation_words(operation),
        "badge": operation_badge(operation),
        "estimate": operation_estimate(operation),
        "trouble": reading_words(reading) if reading and reading.error else None,
        "wait": _wait_title(operation),
        "reading": reading,
        "namesakes": _namesakes(request, operation, reading),
        "end_is_hidden": operation.action == Action.RESTORE
        and operation.state == State.ACCEPTED
        and reading is not None
        and reading.hides_servers,
        "poll_seconds": poll_seconds,
        "close_url": reverse("operation_close", args=[operation.pk]) if may_close else "",
        "server_url": _server_url(request, operation),
        "audit_url": _audit_url(request, operation),
        "job": job_of_operation(operation.pk),
        "undo": undo_of(request, operation),
    } | _deletable_context(request, operation)


@live(max_age=RESTING_SECONDS)
@requires("signed_in", "GET", "HEAD")
def operation_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    operation, reading = _reconciled_operation(request, pk)
    return render(request, "operations/operation_detail.html", _state_context(request, operation, reading))


@requires("signed_in", "GET", "HEAD")
def operation_status(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The polled fragment of the page. Announces a change since the state that the last poll showed (`was`)."""
    operation, reading = _reconciled_operation(request, pk)
    context = _state_context(request, operation, reading)
    response = render(request, "operations/_operation.html", context)
    if request.GET.get("was", operation.state) != operation.state:
        words = context["words"]
        return trigger_client_event(response, "announce", {"text": f"{words.title}. {words.meaning}"})
    return response


@dataclass(frozen=True)
class AttentionItem:
    """An operation that needs attention."""

    operation: Operation
    title: Any
    badge: Badge
    url: str
    close_url: str


@live()
@requires("signed_in", "GET", "HEAD")
def operation_attention(request: HttpRequest) -> HttpResponse:
    """Unknown operations and those that take longer than they should, after reconciliation, which may resolve some."""
    read_and_reconcile_all(own_tokens(request.user), max_age=polls.max_age(request))
    waiting = [
        AttentionItem(
            operation=one,
            title=operation_words(one).title,
            badge=operation_badge(one),
            url=reverse("operation_detail", args=[one.pk]),
            close_url=reverse("operation_close", args=[one.pk])
            if may_on(request.user, "snapshots.restore", one.server_id)
            else "",
        )
        for one in attention.needing_attention(request.user)
    ]
    return render(request, "operations/operation_attention.html", {"waiting": waiting})


@requires("snapshots.restore", "GET", "HEAD", "POST")
def operation_close(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Resolve an operation manually, where the provider's lists give no evidence."""
    operation, reading = _reconciled_operation(request, pk)
    code = "" if can_be_closed(operation) else "still_open" if operation.is_open else "already_closed"
    form = CloseForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            attention.close_operation(
                actor=actor_of(request),
                operation=operation,
                finding=form.cleaned_data["finding"],
                reason=form.cleaned_data["reason"],
            )
            return redirect("operation_detail", pk=pk)
        except OperationRefusedError as error:
            raise_if_rights_changed(request, error, "snapshots.restore")
            code = error.code
    context = _state_context(request, operation, reading) | {
        "form": form,
        "refusal": refusal_words(code) if code else None,
    }
    status = refusal_status(code) if code else 422 if form.errors else 200
    return render(request, "operations/operation_close.html", context, status=status)
