"""Operations that need a person: who may see them, and how a person closes one that evidence cannot."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from snapshots.audit.journal import Actor
from snapshots.connection import Person
from snapshots.contract import clean_reason
from snapshots.inventory.shown_servers import shown_to
from snapshots.operations import statements
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Finding, Operation, OperationQuerySet, State
from snapshots.operations.rights import OVERRIDE_PERMISSION, Borrowed, borrowed, check_still_allowed
from snapshots.operations.transitions import transition
from snapshots.vault.models import StoredToken


def close_operation(*, actor: Actor, operation: Operation, finding: str, reason: str) -> Operation:
    """Record a person's finding and reason for an overdue operation, and close it.

    Raises OperationRefusedError, JournalUnavailableError.
    """
    _check_closing(operation, finding, reason)
    noted = borrowed(actor.id, [(OVERRIDE_PERMISSION, operation.server_id)])
    closed = transition(
        operation,
        State.RECONCILED,
        expect=[State(operation.state)],  # a change by evidence at the same moment takes precedence
        source=actor,
        finding=finding,
        settled_by=f"{actor.name} ({actor.role})",
        settled_by_id=actor.id,
        evidence=noted.added_to(statements.CLOSED_BY_HAND.said(reason=reason)),
        guard=lambda: _check_may_close(actor, operation, noted),
    )
    if not closed:
        raise OperationRefusedError("already_closed")
    return operation


def _check_closing(operation: Operation, finding: str, reason: str) -> None:
    if not clean_reason(reason):
        raise OperationRefusedError("reason_missing")
    if finding not in {Finding.HAPPENED, Finding.NOT_HAPPENED, Finding.UNDECIDED}:
        raise OperationRefusedError("finding_missing")
    operation.refresh_from_db()
    if not can_be_closed(operation):
        raise OperationRefusedError("still_open" if operation.is_open else "already_closed")


def _check_may_close(actor: Actor, operation: Operation, noted: Borrowed) -> None:
    person = check_still_allowed(actor.id, OVERRIDE_PERMISSION, server_id=operation.server_id, noted=noted)
    if not visible_to(person).filter(pk=operation.pk).exists():
        raise OperationRefusedError("not_allowed_any_more")


def visible_to(user: Person) -> OperationQuerySet:
    """A person's own operations, those with a token that the person has stored too, and those on servers that the person's
    tokens show.

    People who manage people see all, so that no operation is orphaned when a person leaves or a token is removed.
    """
    if user.has_perm("people.manage"):  # type: ignore[union-attr]
        return Operation.objects.all()
    return Operation.objects.filter(Q(actor_id=user.pk) | shown_to(user))


def needing_attention(user: Person) -> list[Operation]:
    """The operations visible to this person that are unknown or take longer than they should."""
    overdue = [one.pk for one in Operation.objects.open() if is_overdue(one)]
    if not overdue:  # the usual case; every page calls this, so skip further queries
        return []
    return list(visible_to(user).filter(pk__in=overdue))


def is_overdue(operation: Operation) -> bool:
    """Unknown, without an answer for longer than a call may take, or accepted and past its expected end."""
    unanswered_before = timezone.now() - timedelta(seconds=float(settings.SNAPPORTAL_API_TIMEOUT_SECONDS))
    if operation.state in {State.PENDING, State.SENT}:
        return (operation.sent_at or operation.created_at) < unanswered_before
    return can_be_closed(operation)


def can_be_closed(operation: Operation) -> bool:
    """Whether it is unknown, or accepted and past its expected end."""
    overdue = operation.state == State.ACCEPTED and timezone.now() > operation.expected_by
    return operation.state == State.UNKNOWN or overdue


def count_left_open(stored: StoredToken) -> int:
    """How many open operations could no longer be reconciled if this token were removed; 0 if another copy of it is stored."""
    if StoredToken.objects.filter(fingerprint=stored.fingerprint).exclude(pk=stored.pk).exists():
        return 0
    return Operation.objects.open().filter(token_fingerprint=stored.fingerprint).count()
