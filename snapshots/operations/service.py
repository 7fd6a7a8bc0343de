"""Create, restore, delete: the life of an operation, in the one order that keeps the promises.

    1 confirm    read back what the person confirmed; a form that was sent before leads to its first operation
    2 check      read the provider's lists anew: is all as it was shown, is there room, is the server free?
    3 intend     commit the operation and its intent, durably              (transitions.record_intent)
    4 send       one call to the provider, never repeated                   (dispatch.send_once)
    5 conclude   record the outcome, a second row of the audit log          (transitions.transition)
    6 follow     until evidence shows how it ended                          (reconciliation.reconcile)

If the outcome cannot be recorded, the intent without an outcome is the record "unknown". What the portal's own rules
refuse is recorded too (result "refused"), and nothing is sent.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import IntegrityError
from django.utils import timezone

from snapshots import contract
from snapshots.audit import journal
from snapshots.audit.journal import Actor
from snapshots.contract import Snapshot
from snapshots.inventory.servers import find_snapshot
from snapshots.operations.confirmation import (
    Confirmation,
    ConfirmationError,
    read_confirmation,
    snapshot_fingerprint,
)
from snapshots.operations.dispatch import Answer, send_once
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.idempotency import BeingSentError, claim
from snapshots.operations.models import Action, Operation
from snapshots.operations.reconciliation import read_and_reconcile
from snapshots.operations.server_views import ServerView, server_views
from snapshots.operations.transitions import record_intent
from snapshots.upstream.client import SnapshotClient
from snapshots.vault.models import StoredToken


@dataclass(frozen=True, kw_only=True)
class _Request:
    """Details: `check` makes an operation of it or refuses, `send` is its call to the provider."""

    action: Action
    actor: Actor
    token: StoredToken
    confirmation: str
    override_reason: str
    check: Callable[[Confirmation, ServerView], Operation]
    send: Callable[[SnapshotClient, Operation], Answer]

    @property
    def override(self) -> str:
        """The reason to act on a server that a restore holds; '' if none was given or the actor may not."""
        return self.override_reason.strip() if self.actor.may_override else ""


def create_snapshot(
    *,
    actor: Actor,
    token: StoredToken,
    confirmation: str,
    name: str,
    description: str = "",
    reason: str = "",
    override_reason: str = "",
) -> Operation:
    """Raises OperationRefusedError, JournalUnavailableError; else the operation, whatever became of it."""

    def check(confirmed: Confirmation, view: ServerView) -> Operation:
        if not contract.is_valid_name(name):
            raise OperationRefusedError("bad_name")
        if view.is_full:
            raise OperationRefusedError("limit_reached")
        return _draft(actor, view, confirmed, Action.CREATE, snapshot_name=name, reason=reason)

    def send(client: SnapshotClient, operation: Operation) -> Answer:
        return client.create_snapshot(server_id=operation.server_id, name=name, description=description)

    return _perform(
        _Request(
            action=Action.CREATE,
            actor=actor,
            token=token,
            confirmation=confirmation,
            override_reason=override_reason,
            check=check,
            send=send,
        )
    )


def restore_snapshot(
    *,
    actor: Actor,
    token: StoredToken,
    confirmation: str,
    typed_name: str,
    reason: str,
    override_reason: str = "",
) -> Operation:
    """Raises OperationRefusedError, JournalUnavailableError; else the operation, whatever became of it."""

    def check(confirmed: Confirmation, view: ServerView) -> Operation:
        snapshot = _unchanged_snapshot(confirmed, view)
        if not snapshot.is_completed:
            raise OperationRefusedError("snapshot_unready")
        if typed_name.strip() != view.name:
            raise OperationRefusedError("name_mismatch")
        if not reason.strip():
            raise OperationRefusedError("reason_missing")
        return _draft(actor, view, confirmed, Action.RESTORE, snapshot=snapshot, reason=reason)

    def send(client: SnapshotClient, operation: Operation) -> Answer:
        return client.restore_snapshot(operation.snapshot_id or 0)

    return _perform(
        _Request(
            action=Action.RESTORE,
            actor=actor,
            token=token,
            confirmation=confirmation,
            override_reason=override_reason,
            check=check,
            send=send,
        )
    )


def delete_snapshot(
    *, actor: Actor, token: StoredToken, confirmation: str, reason: str = "", override_reason: str = ""
) -> Operation:
    """Raises OperationRefusedError, JournalUnavailableError; else the operation, whatever became of it."""

    def check(confirmed: Confirmation, view: ServerView) -> Operation:
        snapshot = _unchanged_snapshot(confirmed, view)
        return _draft(actor, view, confirmed, Action.DELETE, snapshot=snapshot, reason=reason)

    def send(client: SnapshotClient, operation: Operation) -> Answer:
        return client.delete_snapshot(operation.snapshot_id or 0)

    return _perform(
        _Request(
            action=Action.DELETE,
            actor=actor,
            token=token,
            confirmation=confirmation,
            override_reason=override_reason,
            check=check,
            send=send,
        )
    )


def _perform(request: _Request) -> Operation:
    """Steps 1 to 5. Returns the first operation of this form if the form was sent before."""
    confirmed: Confirmation | None = None
    view: ServerView | None = None
    try:
        confirmed = _read_confirmation(request)
        with claim(confirmed.idempotency_key) as earlier:
            if earlier:
                return earlier
            view = _read_live(request.token, confirmed)
            operation = request.check(confirmed, view)
            try:
                _commit_intent(operation, request, view)
            except IntegrityError:  # the claim may have expired: the unique key in the database decides
                return Operation.objects.get(idempotency_key=confirmed.idempotency_key)
    except (OperationRefusedError, BeingSentError) as error:
        _record_refusal(request, error.code, confirmed, view)
        raise OperationRefusedError(error.code) from None
    send_once(operation, request.token, request.send)
    return operation


def _read_confirmation(request: _Request) -> Confirmation:
    try:
        return read_confirmation(
            request.confirmation,
            actor_id=request.actor.id,
            action=request.action,
            token_id=request.token.pk,
        )
    except ConfirmationError as error:
        raise OperationRefusedError(error.code) from None


def _read_live(token: StoredToken, confirmed: Confirmation) -> ServerView:
    """The server as it is now: nothing is sent on the strength of an old list."""
    reading = read_and_reconcile(token, fresh=True)
    if reading.is_stale:
        raise OperationRefusedError("told_to_wait" if reading.wait_until else "not_confirmed_live")
    for view in server_views(token, reading):
        if view.server_id == confirmed.server_id:
            return view
    if reading.may_lack_servers:
        raise OperationRefusedError("list_incomplete")
    raise OperationRefusedError("snapshot_gone" if confirmed.snapshot_id else "server_gone")


def _unchanged_snapshot(confirmed: Confirmation, view: ServerView) -> Snapshot:
    """The snapshot, if it is still exactly what the person was shown."""
    snapshot = find_snapshot(view.reading, confirmed.snapshot_id or 0)
    if snapshot is None:
        raise OperationRefusedError("snapshot_gone" if view.reading.is_complete else "list_incomplete")
    if snapshot_fingerprint(snapshot) != confirmed.fingerprint or snapshot.server.id != confirmed.server_id:
        raise OperationRefusedError("snapshot_changed")
    return snapshot


def _draft(
    actor: Actor,
    view: ServerView,
    confirmed: Confirmation,
    action: Action,
    *,
    snapshot: Snapshot | None = None,
    snapshot_name: str = "",
    reason: str,
) -> Operation:
    """The operation, not yet saved."""
    return Operation(
        idempotency_key=confirmed.idempotency_key,
        action=action,
        actor_id=confirmed.actor_id,
        actor_name=actor.name,
        actor_role=actor.role,
        token_id=view.token.pk,
        token_label=view.token.label,
        token_fingerprint=view.token.fingerprint,
        server_id=view.server_id,
        server_name=view.name,
        snapshot_id=snapshot.id if snapshot else None,
        snapshot_name=snapshot.name if snapshot else snapshot_name,
        snapshot_created_at=snapshot.created_at if snapshot else None,
        known_snapshot_ids=[one.id for one in view.snapshots],
        knew_all_snapshots=view.reading.is_complete,
        was_restoring=view.status in {"", contract.RESTORING} or not view.reading.servers_are_fresh,
        reason=contract.clean_text(reason.strip()),
        created_at=timezone.now(),
    )


def _commit_intent(operation: Operation, request: _Request, view: ServerView) -> None:
    """Save the operation and its intent durably. What follows is checked under the log's lock: of two only one passes."""
    if request.override:
        operation.reason = contract.clean_text(f"{operation.reason}\nOverride: {request.override}".strip())
    with journal.committed():
        record_intent(operation, request.actor)
        token = StoredToken.objects.filter(pk=operation.token_id, fingerprint=operation.token_fingerprint)
        if not token.exists():  # removed or replaced since the lists were read
            raise OperationRefusedError("token_gone")
        holding = Operation.objects.holding(operation.server_id).exclude(pk=operation.pk)
        if not request.override and (view.is_held or holding.exists()):
            raise OperationRefusedError("server_held")


def _record_refusal(
    request: _Request, code: str, confirmed: Confirmation | None, view: ServerView | None
) -> None:
    snapshot = find_snapshot(view.reading, confirmed.snapshot_id or 0) if view and confirmed else None
    journal.record(
        request.actor.entry(
            action=request.action,
            result="refused",
            code=code,
            server_id=confirmed.server_id if confirmed else None,
            server_name=view.name if view else "",
            snapshot_id=confirmed.snapshot_id if confirmed else None,
            snapshot_name=snapshot.name if snapshot else "",
            token_label=request.token.label,
            token_fingerprint=request.token.fingerprint,
        )
    )
