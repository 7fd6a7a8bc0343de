"""The one entry point of pages, API and schedules for deleting a snapshot: at once, or after a grace time.

The provider deletes for good. So with a grace time a deletion waits here, and can be called back until it is sent
(promise 46). keeping.py calls it back, due.py sends it.
"""

from dataclasses import asdict, dataclass
from datetime import timedelta

from django.utils import timezone

from snapshots.audit.journal import Actor
from snapshots.contract import clean_reason
from snapshots.deletions.grace import grace_days
from snapshots.deletions.models import Kind, PlannedDeletion, State
from snapshots.deletions.plans import draft, insert, waiting_of
from snapshots.operations import service
from snapshots.operations.confirmation import Authorization, Confirmation
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.idempotency import operation_for_key
from snapshots.operations.models import Action, Operation
from snapshots.operations.preconditions import check_not_newest, read_server, unchanged_snapshot
from snapshots.operations.protection import Target
from snapshots.operations.requests import Request, read_request, record_refusal
from snapshots.operations.server_views import ServerView
from snapshots.vault.models import StoredToken


@dataclass
class _Seen:
    """What is known of a request so far, for the row of its refusal."""

    confirmed: Confirmation | None = None
    view: ServerView | None = None


def request_delete(
    *,
    actor: Actor,
    token: StoredToken,
    confirmation: str | Authorization,
    reason: str = "",
    override_reason: str = "",
    delete_now: bool = False,
    spares_newest: bool = False,
) -> Operation | PlannedDeletion:
    """Delete a snapshot at once, or plan it if its server has a grace time and not `delete_now`.

    Within a grace time `delete_now` needs a reason. `spares_newest`: see PlannedDeletion. A form that was sent before
    returns what it made. Raises OperationRefusedError, JournalUnavailableError.
    """
    request = Request(Action.DELETE, actor, token, confirmation, override_reason, reason)
    seen = _Seen()
    try:
        seen.confirmed = read_request(request)
        earlier = _made_by_form(seen.confirmed.idempotency_key)
        if earlier is not None:
            return earlier
        days = _days_to_wait(seen.confirmed.server_id, delete_now=delete_now, reason=reason)
        if days:
            return _plan(request, seen, reason=reason, days=days, spares_newest=spares_newest)
    except OperationRefusedError as error:
        # Another request of the same form may have planned it meanwhile.
        earlier = _made_by_form(seen.confirmed.idempotency_key) if seen.confirmed else None
        if earlier is not None:
            return earlier
        record_refusal(request, error.code, seen.confirmed, seen.view)
        raise
    return _delete_at_once(request, seen.confirmed, reason, spares_newest=spares_newest)


def _days_to_wait(server_id: int, *, delete_now: bool, reason: str) -> int:
    if not delete_now:
        return grace_days(server_id)
    if not clean_reason(reason):
        raise OperationRefusedError("reason_missing")
    return 0


def _made_by_form(idempotency_key: str) -> Operation | PlannedDeletion | None:
    planned = PlannedDeletion.objects.filter(form_key=idempotency_key).first()
    return planned or operation_for_key(idempotency_key)


def _delete_at_once(
    request: Request, confirmed: Confirmation, reason: str, *, spares_newest: bool
) -> Operation:
    """A deletion of the snapshot that still waits becomes this one, in the transaction of its intent."""

    def guard() -> None:
        request.guard()
        if spares_newest:
            check_not_newest(request.token, confirmed.server_id, confirmed.snapshot_id)
        operation = Operation.objects.get(idempotency_key=confirmed.idempotency_key)
        waiting_of(confirmed.server_id, confirmed.snapshot_id or 0).update(
            state=State.SENT, operation_id=operation.pk, ended_at=timezone.now()
        )

    return service.delete_snapshot(
        actor=request.actor,
        token=request.token,
        confirmation=Authorization(
            confirmed, guard, of_schedule=request.of_schedule, begun_under=request.begun_under
        ),
        reason=reason,
        override_reason=request.override_reason,
    )


def _plan(request: Request, seen: _Seen, *, reason: str, days: int, spares_newest: bool) -> PlannedDeletion:
    assert seen.confirmed is not None
    seen.view = read_server(request.token, seen.confirmed)
    snapshot = unchanged_snapshot(seen.confirmed, seen.view)
    target = Target(request.token, seen.view.name, snapshot)
    planned = draft(request.actor, target, Kind.GRACE, reason)
    planned.due_at = planned.created_at + timedelta(days=days)
    planned.spares_newest = spares_newest
    planned.form_key = seen.confirmed.idempotency_key
    planned.approval = asdict(seen.confirmed.approval) if seen.confirmed.approval else None
    insert(
        planned,
        request.actor,
        action="deletion.plan",
        guard=request.guard,
        of_schedule=request.of_schedule,
        begun_under=request.begun_under,
    )
    return planned
