"""Create, restore and delete: the steps of an operation, in the order that the promises require.

    1 confirm    read what the person confirmed; a form that was sent before returns its first operation
    2 check      read the provider's lists again: unchanged since shown, room left, server free?
    3 intend     commit the operation and its intent row, durably           (transitions.record_intent)
    4 send       make one call to the provider; it is never repeated        (dispatch.send_once)
    5 conclude   record the outcome as a second row of the audit log        (transitions.transition)
    6 follow     read the lists until evidence shows how it ended           (reconciliation.reconcile)

If the outcome cannot be recorded, the intent without an outcome means "unknown". An operation that the portal's own
rules refuse is recorded too (result "refused"), and nothing is sent for it.
"""

from collections.abc import Callable
from functools import partial

from django.db import IntegrityError

from snapshots import contract
from snapshots.audit import journal
from snapshots.audit.journal import Actor
from snapshots.operations import places
from snapshots.operations.approval import Approval
from snapshots.operations.blocks import check_not_blocked
from snapshots.operations.confirmation import Authorization, Confirmation
from snapshots.operations.dispatch import Answer, send_once
from snapshots.operations.drafts import draft_operation
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.idempotency import FORM_IN_PROGRESS, claim, operation_for_key
from snapshots.operations.models import Action, Operation, State
from snapshots.operations.ownership import check_may_still, right_for
from snapshots.operations.preconditions import (
    check_server_exists,
    read_server,
    restorable_snapshot,
    unchanged_snapshot,
)
from snapshots.operations.protection import check_unprotected
from snapshots.operations.requests import Request, read_request, record_refusal
from snapshots.operations.rights import OVERRIDE_PERMISSION, Borrowed, borrowed, check_still_allowed
from snapshots.operations.second_person import check_still_given
from snapshots.operations.server_views import ServerView
from snapshots.operations.transitions import record_intent, transition
from snapshots.upstream.client import SnapshotClient
from snapshots.vault.models import StoredToken

Check = Callable[[Confirmation, ServerView], Operation]
"""Step 2: returns the unsaved operation, or raises OperationRefusedError."""
Send = Callable[[SnapshotClient, Operation], Answer]
"""Step 4: the operation's one call to the provider."""


def create_snapshot(
    *,
    actor: Actor,
    token: StoredToken,
    confirmation: str | Authorization,
    name: str,
    description: str = "",
    reason: str = "",
    override_reason: str = "",
) -> Operation:
    """Returns the operation, whatever its outcome. Raises OperationRefusedError, JournalUnavailableError."""

    def check(confirmed: Confirmation, view: ServerView) -> Operation:
        check_server_exists(view)
        if not contract.is_valid_name(name):
            raise OperationRefusedError("bad_name")
        if view.is_full:
            raise OperationRefusedError("limit_reached")
        return draft_operation(actor, view, confirmed, snapshot_name=name, reason=reason)

    send = partial(_send_create, description=description)
    return _perform(
        Request(Action.CREATE, actor, token, confirmation, override_reason, reason, name), check, send
    )


def restore_snapshot(
    *,
    actor: Actor,
    token: StoredToken,
    confirmation: str | Authorization,
    typed_name: str,
    reason: str,
    override_reason: str = "",
) -> Operation:
    """Returns the operation, whatever its outcome. Raises OperationRefusedError, JournalUnavailableError."""

    def check(confirmed: Confirmation, view: ServerView) -> Operation:
        snapshot = restorable_snapshot(confirmed, view, typed_name=typed_name, reason=reason)
        return draft_operation(actor, view, confirmed, snapshot=snapshot, reason=reason)

    request = Request(Action.RESTORE, actor, token, confirmation, override_reason, reason)
    return _perform(request, check, _send_restore)


def delete_snapshot(
    *,
    actor: Actor,
    token: StoredToken,
    confirmation: str | Authorization,
    reason: str = "",
    override_reason: str = "",
) -> Operation:
    """Returns the operation, whatever its outcome. Raises OperationRefusedError, JournalUnavailableError."""

    def check(confirmed: Confirmation, view: ServerView) -> Operation:
        snapshot = unchanged_snapshot(confirmed, view)
        return draft_operation(actor, view, confirmed, snapshot=snapshot, reason=reason)

    request = Request(Action.DELETE, actor, token, confirmation, override_reason, reason)
    return _perform(request, check, _send_delete)


def resume(operation: Operation, *, description: str = "", approval: Approval | None = None) -> None:
    """Send an operation whose worker died between its intent and its call. Only one of several callers sends it.

    It is not sent, and has failed, if a lock or a freeze forbids it by now. A policy is asked before the intent.
    """
    try:
        check_not_blocked(operation.server_id, operation.action, approval=approval, of_schedule=True)
    except OperationRefusedError as error:
        transition(operation, State.FAILED, expect=[State.PENDING], code=error.code)
        return
    create: Send = partial(_send_create, description=description)
    sends = {Action.CREATE: create, Action.RESTORE: _send_restore, Action.DELETE: _send_delete}
    for token in StoredToken.objects.filter(pk=operation.token_id):
        send_once(operation, token, sends[Action(operation.action)])


def _send_create(client: SnapshotClient, operation: Operation, *, description: str) -> Answer:
    return client.create_snapshot(
        server_id=operation.server_id, name=operation.snapshot_name, description=description
    )


def _send_restore(client: SnapshotClient, operation: Operation) -> Answer:
    return client.restore_snapshot(operation.snapshot_id or 0)


def _send_delete(client: SnapshotClient, operation: Operation) -> Answer:
    return client.delete_snapshot(operation.snapshot_id or 0)


def _perform(request: Request, check: Check, send: Send) -> Operation:
    """Steps 1 to 5. Returns the first operation of this form if the form was sent before."""
    confirmed: Confirmation | None = None
    view: ServerView | None = None
    try:
        confirmed = read_request(request)
        with claim(confirmed.idempotency_key) as earlier:
            if earlier:
                return earlier
            view = read_server(request.token, confirmed)
            operation = check(confirmed, view)
            _commit_intent(operation, request, view)
    except OperationRefusedError as error:
        # If this request's claim expired, another request of the same form may have committed its operation first.
        earlier = operation_for_key(confirmed.idempotency_key) if confirmed else None
        if earlier:
            return earlier
        record_refusal(request, error.code, confirmed, view)
        raise
    send_once(operation, request.token, send)
    return operation


def _commit_intent(operation: Operation, request: Request, view: ServerView) -> None:
    """Step 3: save the operation and its intent durably.

    What another request may have changed is checked again in the same transaction, under the audit log's lock.
    """
    operation.reason = request.stored_reason
    approval = request.approval.text if request.approval else ""
    try:
        with journal.committed():
            right = right_for(operation, of_schedule=request.of_schedule)
            noted = borrowed(request.actor.id, [right], request.begun_under)
            record_intent(operation, request.actor, evidence=noted.added_to(approval))
            _check_again(operation, request, view, noted)
    except IntegrityError:  # another request has used the one-time key since the claim
        raise OperationRefusedError(FORM_IN_PROGRESS) from None


def _check_again(operation: Operation, request: Request, view: ServerView, noted: Borrowed) -> None:
    """The rights, the token and its limits, a hold, locks, the approval, protection, and what an authorization depends on.

    The lock serialises requests here, so each one sees what the others have committed.
    """
    check_may_still(operation, of_schedule=request.of_schedule, begun_under=request.begun_under, noted=noted)
    token = StoredToken.objects.filter(pk=operation.token_id, fingerprint=operation.token_fingerprint)
    if not token.exists():  # replaced since the lists were read
        raise OperationRefusedError("token_gone")
    holding = Operation.objects.holding(operation.server_id).exclude(pk=operation.pk)
    if view.is_held or holding.exists():
        _check_override(request, operation.server_id)
    check_not_blocked(
        operation.server_id, request.action, approval=request.approval, of_schedule=request.of_schedule
    )
    check_still_given(request.approval, (Action(request.action).permission, operation.server_id))
    if request.action == Action.CREATE:
        places.use(operation.server_id, operation.idempotency_key)
    if request.action == Action.DELETE:
        check_unprotected(server_id=operation.server_id, snapshot_id=operation.snapshot_id)
    request.guard()


def _check_override(request: Request, server_id: int) -> None:
    if not request.override:
        raise OperationRefusedError("server_held")
    check_still_allowed(
        request.actor.id,
        OVERRIDE_PERMISSION,
        server_id=server_id,
        token_id=request.token.pk,
        begun_under=request.begun_under,
    )
