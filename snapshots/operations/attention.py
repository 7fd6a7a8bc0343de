"""Operations that need a person: who sees them, and how one is closed by hand where evidence cannot."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from snapshots.audit.journal import Actor
from snapshots.connection import Person
from snapshots.inventory.reader import last_reading
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Finding, Operation, OperationQuerySet, State
from snapshots.operations.rights import OVERRIDE_PERMISSION, check_still_allowed
from snapshots.operations.transitions import transition
from snapshots.vault.models import StoredToken


def close_operation(*, actor: Actor, operation: Operation, finding: str, reason: str) -> Operation:
    """A person says what evidence cannot, with a reason. Raises OperationRefusedError, JournalUnavailableError."""
    if not reason.strip():
        raise OperationRefusedError("reason_missing")
    if finding not in {Finding.HAPPENED, Finding.NOT_HAPPENED, Finding.UNDECIDED}:
        raise OperationRefusedError("finding_missing")
    operation.refresh_from_db()
    if not can_be_closed(operation):
        raise OperationRefusedError("still_open" if operation.is_open else "already_closed")
    closed = transition(
        operation,
        State.RECONCILED,
        expect=[State(operation.state)],  # if evidence moves it just now, evidence wins
        source=actor,
        finding=finding,
        settled_by=f"{actor.name} ({actor.role})",
        evidence=reason,
        guard=lambda: _check_may_close(actor, operation),
    )
    if not closed:
        raise OperationRefusedError("already_closed")
    return operation


def _check_may_close(actor: Actor, operation: Operation) -> None:
    person = check_still_allowed(actor.id, OVERRIDE_PERMISSION)
    if not visible_to(person).filter(pk=operation.pk).exists():
        raise OperationRefusedError("not_allowed_any_more")


def visible_to(user: Person) -> OperationQuerySet:
    """A person's own operations, and all with a token that he keeps: who shares a token shares what was done with it.

    Who may restore also sees those on every server that his tokens show, since they may hold it; who looks after people
    sees all, so that no operation is orphaned by a person who left or a token that was removed.
    """
    if user.has_perm("people.manage"):  # type: ignore[union-attr]
        return Operation.objects.all()
    tokens = list(StoredToken.objects.filter(user_id=user.pk or 0))
    mine = Q(actor_id=user.pk) | Q(token_fingerprint__in={token.fingerprint for token in tokens})
    if user.has_perm("snapshots.restore"):  # type: ignore[union-attr]
        readings = [reading for token in tokens if (reading := last_reading(token))]
        mine |= Q(server_id__in={one.server.id for reading in readings for one in reading.snapshots})
        mine |= Q(server_id__in={one.id for reading in readings for one in reading.servers or ()})
    return Operation.objects.filter(mine)


def needing_attention(user: Person) -> list[Operation]:
    """Those a person may see that nobody knows the end of, or that take longer than they should."""
    overdue = [one.pk for one in Operation.objects.open() if is_overdue(one)]
    if not overdue:  # as nearly always: every page asks, so that nothing more is read for it
        return []
    return list(visible_to(user).filter(pk__in=overdue))


def is_overdue(operation: Operation) -> bool:
    """Unknown, without an answer for longer than a call may take, or accepted and not over when it should be."""
    silent_since = timezone.now() - timedelta(seconds=float(settings.SNAPPORTAL_API_TIMEOUT_SECONDS))
    if operation.state in {State.PENDING, State.SENT}:
        return (operation.sent_at or operation.created_at) < silent_since
    return can_be_closed(operation)


def can_be_closed(operation: Operation) -> bool:
    """Unknown ones, and accepted ones that should have been over by now."""
    overdue = operation.state == State.ACCEPTED and timezone.now() > operation.expected_by
    return operation.state == State.UNKNOWN or overdue


def count_left_open(stored: StoredToken) -> int:
    """Operations whose end nobody could find out any more if this token were removed."""
    if StoredToken.objects.filter(fingerprint=stored.fingerprint).exclude(pk=stored.pk).exists():
        return 0
    return Operation.objects.open().filter(token_fingerprint=stored.fingerprint).count()
