"""What the worker does: sends deletions when they are due, follows them, and reminds of dates before they come.

A deletion leaves the state "waiting" in the transaction of its operation's intent. So it is sent once, whatever dies when,
and not after it was kept: of both, one finds it waiting (promise 46).
"""

from datetime import timedelta
from functools import partial

import structlog
from django.contrib.auth import get_user_model
from django.db import DatabaseError, IntegrityError
from django.db.models import Q
from django.utils import timezone

from snapshots.audit import journal
from snapshots.audit.journal import Actor, JournalUnavailableError
from snapshots.audit.wording.shared import DUE
from snapshots.deletions.models import Kind, PlannedDeletion, State
from snapshots.inventory import leases
from snapshots.operations import retries, service
from snapshots.operations.approval import Approval
from snapshots.operations.confirmation import Authorization, Confirmation
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.freezes import frozen_servers
from snapshots.operations.models import Action, Finding, Operation
from snapshots.operations.models import State as OperationState
from snapshots.operations.preconditions import check_not_newest
from snapshots.vault.models import StoredToken

log = structlog.get_logger()

BATCH = 20
LEASE_SECONDS = 60.0
"""Only saves double work: it may expire while its owner is busy."""
MAX_PAUSE_SECONDS = 300
REMIND_BEFORE = timedelta(days=3)
TRIED_AGAIN_CODES = retries.PASSING_CODES | {"server_held", "frozen"}
"""Refusals that end by themselves: it is tried again until it is sent, refused for good or kept."""
NOT_SENT_CODES = frozenset({"never_sent", "unreachable", "busy", "frozen"})
"""Codes of failed operations of which nothing left the portal: trying again repeats no call (promise 10)."""


def run_due() -> int:
    """Send what is due, and follow what was sent, at most BATCH of each. Returns how many changed."""
    try:
        return _follow_sent() + _send_due()
    except (JournalUnavailableError, DatabaseError):
        log.exception("deletions.not_run")
        return 0


def remind_due() -> int:
    """Write the row "deletion.remind" once for each date that comes soon. Returns how many. Raises JournalUnavailableError."""
    soon = timezone.now() + REMIND_BEFORE
    dates = PlannedDeletion.objects.waiting().filter(kind=Kind.KEEP_UNTIL, reminded_at=None, due_at__lte=soon)
    return sum(_remind(planned) for planned in list(dates[:BATCH]))


def _remind(planned: PlannedDeletion) -> bool:
    waiting = PlannedDeletion.objects.waiting().filter(pk=planned.pk, reminded_at=None)
    with journal.committed():
        if not waiting.update(reminded_at=timezone.now()):
            return False
        evidence = DUE.said(at=planned.due_at)
        journal.record(planned.entry(_actor(planned), action="deletion.remind", evidence=evidence))
    return True


def _send_due() -> int:
    """What is due on a server with a freeze waits, without a try: each would be a row of the log."""
    now = timezone.now()
    due = PlannedDeletion.objects.waiting().filter(
        Q(next_try_at=None) | Q(next_try_at__lte=now), due_at__lte=now
    )
    frozen = frozen_servers(set(due.values_list("server_id", flat=True)))
    changed = 0
    for planned in list(due.exclude(server_id__in=frozen).order_by("due_at")[:BATCH]):
        with leases.held(f"deletion:{planned.pk}", LEASE_SECONDS) as is_free:
            changed += is_free and _send(planned)
    return changed


def _send(planned: PlannedDeletion) -> bool:
    """Whether it was sent, or refused for good."""
    token = StoredToken.objects.filter(pk=planned.token_id, user_id=planned.person_id).first()
    if token is None:
        return _refuse(planned, "token_gone")
    try:
        operation = service.delete_snapshot(
            actor=_actor(planned),
            token=token,
            confirmation=Authorization(
                _confirmation(planned),
                partial(_take, planned),
                of_schedule=planned.spares_newest,
                begun_under=tuple(planned.begun_under),
            ),
            reason=planned.reason,
        )
    except OperationRefusedError as error:
        return _refused(planned, error)
    log.info("deletion.sent", deletion=str(planned.pk), operation=str(operation.pk))
    return True


def _actor(planned: PlannedDeletion) -> Actor:
    """The person in whose name it is deleted. The right is checked in the transaction of the intent."""
    person = get_user_model().objects.filter(pk=planned.person_id).first()
    return Actor(
        id=planned.person_id,
        name=str(person) if person else "",
        role=getattr(person, "role", ""),
        channel="schedule",
    )


def _confirmation(planned: PlannedDeletion) -> Confirmation:
    return Confirmation(
        idempotency_key=planned.idempotency_key,
        actor_id=planned.person_id,
        action=Action.DELETE,
        token_id=planned.token_id,
        server_id=planned.server_id,
        snapshot_id=planned.snapshot_id,
        fingerprint=planned.fingerprint,
        approval=Approval.stored(planned.approval),
    )


def _take(planned: PlannedDeletion) -> None:
    """waiting → sent, in the transaction of the intent. Raises OperationRefusedError if it was kept or moved meanwhile."""
    now = timezone.now()
    if planned.spares_newest:
        token = StoredToken.objects.get(pk=planned.token_id)
        check_not_newest(token, planned.server_id, planned.snapshot_id)
    operation = Operation.objects.get(idempotency_key=planned.idempotency_key)
    waiting = PlannedDeletion.objects.waiting().filter(pk=planned.pk, sends=planned.sends, due_at__lte=now)
    if not waiting.update(state=State.SENT, code="", operation_id=operation.pk, ended_at=now):
        raise OperationRefusedError("deletion_over")


def _refused(planned: PlannedDeletion, error: OperationRefusedError) -> bool:
    """Try later, or end it with the code. The refusal is in the log already."""
    waiting = PlannedDeletion.objects.waiting().filter(pk=planned.pk)
    now = timezone.now()
    if error.code in TRIED_AGAIN_CODES:
        pause = retries.pause_seconds(
            planned.tries, longest=MAX_PAUSE_SECONDS, at_least=error.retry_after_seconds
        )
        next_try_at = now + timedelta(seconds=pause)
        waiting.update(code=error.code, tries=planned.tries + 1, next_try_at=next_try_at)
        return False
    return error.code != "deletion_over" and _refuse(planned, error.code)


def _refuse(planned: PlannedDeletion, code: str) -> bool:
    """waiting → refused, for good: with a row of its own, so that somebody is told."""
    waiting = PlannedDeletion.objects.waiting().filter(pk=planned.pk)
    with journal.committed():
        if not waiting.update(state=State.REFUSED, code=code, ended_at=timezone.now()):
            return False
        fields = {"result": "refused", "code": code, "reason": planned.reason}
        journal.record(planned.entry(_actor(planned), action="deletion.refuse", **fields))
    return True


def _follow_sent() -> int:
    """Take over how the operations ended; send those whose worker died between intent and call."""
    sent = {
        one.operation_id: one
        for one in PlannedDeletion.objects.filter(state=State.SENT).order_by("ended_at")[: 5 * BATCH]
    }
    operations = Operation.objects.filter(pk__in=[pk for pk in sent if pk is not None])
    return sum(_follow(sent[operation.pk], operation) for operation in operations)


def _follow(planned: PlannedDeletion, operation: Operation) -> bool:
    if operation.state == OperationState.PENDING:
        service.resume(operation, approval=Approval.stored(planned.approval))
    if operation.is_open:
        return False
    if is_sent_again(operation):
        return _wait_again(planned, operation)
    is_done = operation.state != OperationState.FAILED and operation.finding != Finding.NOT_HAPPENED
    state = State.DONE if is_done else State.FAILED
    row = PlannedDeletion.objects.filter(pk=planned.pk, state=State.SENT)
    return bool(row.update(state=state, code=operation.code))


def is_sent_again(operation: Operation) -> bool:
    """Whether nothing of it left the portal, so that its deletion waits again."""
    return operation.state == OperationState.FAILED and operation.code in NOT_SENT_CODES


def _wait_again(planned: PlannedDeletion, operation: Operation) -> bool:
    """sent → waiting, with a new one-time key; → failed if another deletion waits for the snapshot by now."""
    row = PlannedDeletion.objects.filter(pk=planned.pk, state=State.SENT, operation_id=operation.pk)
    pause = retries.pause_seconds(planned.tries, longest=MAX_PAUSE_SECONDS)
    again = {
        "state": State.WAITING,
        "code": operation.code,
        "sends": planned.sends + 1,
        "tries": planned.tries + 1,
        "next_try_at": timezone.now() + timedelta(seconds=pause),
        "ended_at": None,
    }
    try:
        with journal.committed():
            if not row.update(**again):
                return False
            fields = {"code": operation.code, "operation_id": operation.pk}
            journal.record(planned.entry(_actor(planned), action="deletion.wait_again", **fields))
    except IntegrityError:
        return bool(row.update(state=State.FAILED, code=operation.code))
    return True
