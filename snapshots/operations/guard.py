"""What guards a team is not taken away by one person at once (promise 45): it takes a second person, or time.

One person asks for it to be lifted. It lifts when somebody else agrees, or after SNAPPORTAL_GUARD_DELAY_HOURS, of which everybody
concerned is told. Until then whoever may ask may call it back. The functions change a row inside the caller's transaction, which
writes the row of the log and checks the rights.
"""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from snapshots.audit.journal import Actor
from snapshots.contract import clean_reason
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.guarded_models import Guarded

_LIFT_FIELDS = ("lift_person_id", "lift_reason", "lift_due_at")


def required_reason(text: str) -> str:
    """Raises OperationRefusedError "reason_missing"."""
    reason = clean_reason(text)
    if not reason:
        raise OperationRefusedError("reason_missing")
    return reason


def ask(row: Guarded, actor: Actor, reason: str) -> None:
    """`reason` was cleaned. Raises OperationRefusedError "lift_asked"."""
    if row.lift_due_at is not None:
        raise OperationRefusedError("lift_asked")
    row.lift_due_at = timezone.now() + timedelta(hours=settings.SNAPPORTAL_GUARD_DELAY_HOURS)
    row.lift_person_id, row.lift_reason = int(actor.id or 0), reason
    row.save(update_fields=_LIFT_FIELDS)


def when_it_lifts(row: Guarded) -> str:
    """For the log, after `ask`."""
    return f"lifts at {row.lift_due_at:%Y-%m-%d %H:%M} UTC unless somebody calls it back"


def who_asked(row: Guarded) -> str:
    """For the log."""
    return f"asked for by person {row.lift_person_id}: {row.lift_reason}"


def check_second_person(row: Guarded, actor: Actor) -> None:
    """Raises OperationRefusedError (lift_not_asked, second_person)."""
    _check_asked(row)
    if row.lift_person_id == actor.id:
        raise OperationRefusedError("second_person")


def call_back(row: Guarded) -> None:
    """It stays. Raises OperationRefusedError "lift_not_asked"."""
    _check_asked(row)
    row.lift_person_id, row.lift_reason, row.lift_due_at = None, "", None
    row.save(update_fields=_LIFT_FIELDS)


def _check_asked(row: Guarded) -> None:
    if row.lift_due_at is None:
        raise OperationRefusedError("lift_not_asked")
