"""Create, restore, delete: what both doors do, in the one order that keeps our promises.

    confirm    what the person confirmed is read back; a form that was sent before leads to its first operation
    look       a fresh list: is it still what was shown, is there room, is the server free?
    intend     the operation and its intent are committed, durably              (transitions.begin)
    send       one call to the provider, never repeated                          (sending.send_once)
    conclude   its outcome, a second row; or none, and then the intent is the record "unknown"   (transitions.move)

What our own rules refuse is recorded too (result "refused"), and nothing is sent.
"""

from collections.abc import Callable

import structlog
from django.db import IntegrityError
from django.utils import timezone

from snapshots import confirming, contract, once, servers, watching
from snapshots.audit import journal
from snapshots.audit.journal import Actor
from snapshots.confirming import Confirmation, ConfirmationError
from snapshots.contract import Snapshot
from snapshots.models import Action, Operation
from snapshots.sending import Answer, send_once
from snapshots.servers import ServerView
from snapshots.transitions import begin
from snapshots.upstream.client import SnapshotClient
from snapshots.vault.models import StoredToken

log = structlog.get_logger()


class OperationRefusedError(Exception):
    """Our own rules refuse it: nothing was sent. `code` is stable; views/presenting.py has the sentences.

    limit_reached, server_held, snapshot_changed, snapshot_gone, snapshot_unready, server_gone, name_mismatch, bad_name,
    reason_missing, finding_missing, confirmation_invalid, confirmation_expired, not_confirmed_live, still_open,
    already_closed, being_sent, token_gone
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


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

    def prepare(confirmed: Confirmation, view: ServerView) -> Operation:
        if not contract.is_valid_name(name):
            raise OperationRefusedError("bad_name")
        if view.is_full:
            raise OperationRefusedError("limit_reached")
        return _draft(actor, view, confirmed, Action.CREATE, snapshot_name=name, reason=reason)

    def send(client: SnapshotClient, operation: Operation) -> Answer:
        return client.create_snapshot(server_id=operation.server_id, name=name, description=description)

    return _operate(actor, token, confirmation, Action.CREATE, prepare, send, override_reason)


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

    def prepare(confirmed: Confirmation, view: ServerView) -> Operation:
        snapshot = _as_confirmed(confirmed, view)
        if not snapshot.is_completed:
            raise OperationRefusedError("snapshot_unready")
        if typed_name.strip() != view.name:
            raise OperationRefusedError("name_mismatch")
        if not reason.strip():
            raise OperationRefusedError("reason_missing")
        return _draft(actor, view, confirmed, Action.RESTORE, snapshot=snapshot, reason=reason)

    def send(client: SnapshotClient, operation: Operation) -> Answer:
        return client.restore_snapshot(operation.snapshot_id or 0)

    return _operate(actor, token, confirmation, Action.RESTORE, prepare, send, override_reason)


def delete_snapshot(
    *, actor: Actor, token: StoredToken, confirmation: str, reason: str = "", override_reason: str = ""
) -> Operation:
    """Raises OperationRefusedError, JournalUnavailableError; else the operation, whatever became of it."""

    def prepare(confirmed: Confirmation, view: ServerView) -> Operation:
        snapshot = _as_confirmed(confirmed, view)
        return _draft(actor, view, confirmed, Action.DELETE, snapshot=snapshot, reason=reason)

    def send(client: SnapshotClient, operation: Operation) -> Answer:
        return client.delete_snapshot(operation.snapshot_id or 0)

    return _operate(actor, token, confirmation, Action.DELETE, prepare, send, override_reason)


def _as_confirmed(confirmed: Confirmation, view: ServerView) -> Snapshot:
    snapshot = servers.find_snapshot(view.reading, confirmed.snapshot_id or 0)
    if snapshot is None:
        raise OperationRefusedError("snapshot_gone")
    if confirming.fingerprint(snapshot) != confirmed.fingerprint or snapshot.server.id != confirmed.server_id:
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
    return Operation(
        once_key=confirmed.once_key,
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
        was_restoring=view.status in {"", contract.RESTORING} or not view.reading.servers_are_fresh,
        reason=contract.clean_text(reason.strip()),
        created_at=timezone.now(),
    )


def _operate(
    actor: Actor,
    token: StoredToken,
    confirmation: str,
    action: Action,
    prepare: Callable[[Confirmation, ServerView], Operation],
    send: Callable[[SnapshotClient, Operation], Answer],
    override_reason: str,
) -> Operation:
    confirmed: Confirmation | None = None
    view: ServerView | None = None
    try:
        confirmed = _read_confirmation(confirmation, actor, action, token)
        with once.claimed(confirmed.once_key) as earlier:
            if earlier:
                return earlier
            view = _look(token, confirmed)
            operation = prepare(confirmed, view)
            override = override_reason.strip() if actor.may_override else ""
            if override:
                operation.reason = contract.clean_text(f"{operation.reason}\nOverride: {override}".strip())
            try:
                _intend(operation, actor, view, override=bool(override))
            except IntegrityError:  # whatever became of the claim, the database's unique key chooses the one
                return Operation.objects.get(once_key=confirmed.once_key)
    except (OperationRefusedError, once.BeingSentError) as error:
        _record_refusal(actor, token, action, error.code, confirmed, view)
        raise OperationRefusedError(error.code) from None
    send_once(operation, token, send)
    return operation


def _read_confirmation(text: str, actor: Actor, action: Action, token: StoredToken) -> Confirmation:
    try:
        return confirming.accept(text, actor_id=actor.id, action=action, token_id=token.pk)
    except ConfirmationError as error:
        raise OperationRefusedError(error.code) from None


def _look(token: StoredToken, confirmed: Confirmation) -> ServerView:
    """The server as it is now: nothing is sent on the strength of an old list."""
    reading = watching.read(token, fresh=True)
    if reading.is_stale:
        raise OperationRefusedError("not_confirmed_live")
    for view in servers.server_views(token, reading):
        if view.server_id == confirmed.server_id:
            return view
    raise OperationRefusedError("snapshot_gone" if confirmed.snapshot_id else "server_gone")


def _intend(operation: Operation, actor: Actor, view: ServerView, *, override: bool) -> None:
    """Commit the intent. What is checked after it is checked under the log's lock: of two only one passes."""
    with journal.committed():
        begin(operation, actor)
        token = StoredToken.objects.filter(pk=operation.token_id, fingerprint=operation.token_fingerprint)
        if not token.exists():  # removed or replaced since the look
            raise OperationRefusedError("token_gone")
        holding = Operation.objects.holding(operation.server_id).exclude(pk=operation.pk)
        if not override and (view.is_held or holding.exists()):
            raise OperationRefusedError("server_held")


def _record_refusal(
    actor: Actor,
    token: StoredToken,
    action: Action,
    code: str,
    confirmed: Confirmation | None,
    view: ServerView | None,
) -> None:
    snapshot = servers.find_snapshot(view.reading, confirmed.snapshot_id or 0) if view and confirmed else None
    journal.record(
        actor.story(
            action=action,
            result="refused",
            code=code,
            server_id=confirmed.server_id if confirmed else None,
            server_name=view.name if view else "",
            snapshot_id=confirmed.snapshot_id if confirmed else None,
            snapshot_name=snapshot.name if snapshot else "",
            token_label=token.label,
            token_fingerprint=token.fingerprint,
        )
    )
