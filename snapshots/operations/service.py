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
from snapshots.inventory.names import looks_like
from snapshots.inventory.servers import find_snapshot
from snapshots.operations.confirmation import (
    Confirmation,
    ConfirmationError,
    read_confirmation,
    snapshot_fingerprint,
)
from snapshots.operations.dispatch import Answer, send_once
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.idempotency import CAME_SECOND, claim, operation_of
from snapshots.operations.models import Action, Operation
from snapshots.operations.reconciliation import read_and_reconcile
from snapshots.operations.rights import OVERRIDE_PERMISSION, check_still_allowed
from snapshots.operations.server_views import ServerView, server_views
from snapshots.operations.transitions import record_intent
from snapshots.upstream.client import SnapshotClient
from snapshots.vault.models import StoredToken


@dataclass(frozen=True)
class _Request:
    """What a person confirmed and sent, with which token."""

    action: Action
    actor: Actor
    token: StoredToken
    confirmation: str
    override_reason: str

    @property
    def override(self) -> str:
        """The reason to act on a server that a restore holds; '' if none was given or the actor may not."""
        return self.override_reason.strip() if self.actor.may_override else ""


Check = Callable[[Confirmation, ServerView], Operation]
"""Makes an operation, not yet saved, of what was confirmed and of what the provider lists now; or refuses."""
Send = Callable[[SnapshotClient, Operation], Answer]
"""The operation's one call to the provider."""


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
        _check_server_exists(view)
        if not contract.is_valid_name(name):
            raise OperationRefusedError("bad_name")
        if view.is_full:
            raise OperationRefusedError("limit_reached")
        return _draft(actor, view, confirmed, snapshot_name=name, reason=reason)

    def send(client: SnapshotClient, operation: Operation) -> Answer:
        return client.create_snapshot(server_id=operation.server_id, name=name, description=description)

    return _perform(_Request(Action.CREATE, actor, token, confirmation, override_reason), check, send)


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
        _check_server_exists(view)
        if not snapshot.is_completed:
            raise OperationRefusedError("snapshot_unready")
        if not looks_like(typed_name, view.name):
            raise OperationRefusedError("name_mismatch")
        if not reason.strip():
            raise OperationRefusedError("reason_missing")
        return _draft(actor, view, confirmed, snapshot=snapshot, reason=reason)

    def send(client: SnapshotClient, operation: Operation) -> Answer:
        return client.restore_snapshot(operation.snapshot_id or 0)

    return _perform(_Request(Action.RESTORE, actor, token, confirmation, override_reason), check, send)


def delete_snapshot(
    *, actor: Actor, token: StoredToken, confirmation: str, reason: str = "", override_reason: str = ""
) -> Operation:
    """Raises OperationRefusedError, JournalUnavailableError; else the operation, whatever became of it."""

    def check(confirmed: Confirmation, view: ServerView) -> Operation:
        snapshot = _unchanged_snapshot(confirmed, view)
        return _draft(actor, view, confirmed, snapshot=snapshot, reason=reason)

    def send(client: SnapshotClient, operation: Operation) -> Answer:
        return client.delete_snapshot(operation.snapshot_id or 0)

    return _perform(_Request(Action.DELETE, actor, token, confirmation, override_reason), check, send)


def _perform(request: _Request, check: Check, send: Send) -> Operation:
    """Steps 1 to 5. Returns the first operation of this form if the form was sent before."""
    confirmed: Confirmation | None = None
    view: ServerView | None = None
    try:
        confirmed = _read_confirmation(request)
        with claim(confirmed.idempotency_key) as earlier:
            if earlier:
                return earlier
            view = _read_live(request.token, confirmed)
            operation = check(confirmed, view)
            _commit_intent(operation, request, view)
    except OperationRefusedError as error:
        # A claim that expired lets another request of this form come first, and then its operation is the answer.
        earlier = operation_of(confirmed.idempotency_key) if confirmed else None
        if earlier:
            return earlier
        _record_refusal(request, error.code, confirmed, view)
        raise
    send_once(operation, request.token, send)
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


def _check_server_exists(view: ServerView) -> None:
    """Of a server that is gone the snapshots can only be deleted."""
    if view.is_gone:
        raise OperationRefusedError("server_gone")


def _unchanged_snapshot(confirmed: Confirmation, view: ServerView) -> Snapshot:
    """The snapshot, if it is still exactly what the person was shown."""
    snapshot = find_snapshot(view.reading, confirmed.snapshot_id or 0)
    if snapshot is None:
        raise OperationRefusedError("snapshot_gone" if view.reading.is_complete else "list_incomplete")
    if snapshot_fingerprint(snapshot) != confirmed.fingerprint or snapshot.server.id != confirmed.server_id:
        raise OperationRefusedError("snapshot_changed")
    if snapshot.id in view.deleted_ids:
        raise OperationRefusedError("snapshot_deleting")
    return snapshot


def _draft(
    actor: Actor,
    view: ServerView,
    confirmed: Confirmation,
    *,
    snapshot: Snapshot | None = None,
    snapshot_name: str = "",
    reason: str,
) -> Operation:
    """The operation, not yet saved."""
    return Operation(
        idempotency_key=confirmed.idempotency_key,
        action=confirmed.action,
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
        known_snapshot_ids=[one.id for one in view.reading.snapshots],
        knew_all_snapshots=view.reading.is_complete,
        was_restoring=not view.status
        or contract.is_restoring(view.status)
        or not view.reading.servers_are_fresh,
        reason=contract.clean_text(reason.strip()),
        created_at=timezone.now(),
    )


def _commit_intent(operation: Operation, request: _Request, view: ServerView) -> None:
    """Save the operation and its intent durably, and check under the log's lock what another request may have changed."""
    if request.override:
        operation.reason = contract.clean_text(f"{operation.reason}\nOverride: {request.override}".strip())
    try:
        with journal.committed():
            record_intent(operation, request.actor)
            _check_again(operation, request, view)
    except IntegrityError:  # the one-time key was used meanwhile
        raise OperationRefusedError(CAME_SECOND) from None


def _check_again(operation: Operation, request: _Request, view: ServerView) -> None:
    """Of two requests only one passes here: each sees what the other has committed."""
    check_still_allowed(request.actor.id, request.action.permission)
    token = StoredToken.objects.filter(pk=operation.token_id, fingerprint=operation.token_fingerprint)
    if not token.exists():  # removed or replaced since the lists were read
        raise OperationRefusedError("token_gone")
    holding = Operation.objects.holding(operation.server_id).exclude(pk=operation.pk)
    if view.is_held or holding.exists():
        _check_override(request)


def _check_override(request: _Request) -> None:
    if not request.override:
        raise OperationRefusedError("server_held")
    check_still_allowed(request.actor.id, OVERRIDE_PERMISSION)


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
