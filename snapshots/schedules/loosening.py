"""What of schedules takes the approval of other people, where a policy asks for that: what lets one delete, or delete more.

A schedule that deletes nothing takes none, nor does pausing or removing one, nor a change after which it keeps more on the
same or fewer servers at the same times.
"""

from dataclasses import asdict

from snapshots.operations.approval import Approval
from snapshots.operations.blocks import check_approved
from snapshots.operations.guarded_models import PolicyAction
from snapshots.schedules.definition import Definition, definition_of
from snapshots.schedules.models import Schedule
from snapshots.schedules.retention import Keep


def check_definition(
    stored: Schedule | None, after: Definition, fingerprint: str, approval: Approval | None = None
) -> None:
    """A new definition, with a token of this fingerprint. `stored` is the schedule as it is now, None for a new one.

    Raises OperationRefusedError "approval_needed".
    """
    if stored is None or _loosens(stored, after, fingerprint):
        _check(after, approval)


def check_resumed(schedule: Schedule, approval: Approval | None = None) -> None:
    """It may delete again. Raises OperationRefusedError "approval_needed"."""
    _check(definition_of(schedule), approval)


def _check(definition: Definition, approval: Approval | None) -> None:
    if not definition.keep.is_everything:
        check_approved([(one, PolicyAction.SCHEDULE) for one in definition.targets], approval)


def _loosens(stored: Schedule, after: Definition, fingerprint: str) -> bool:
    """Also what makes a schedule active again that the portal had paused or stopped."""
    before = definition_of(stored)
    is_other = (before.cron, before.time_zone) != (after.cron, after.time_zone)
    is_other |= stored.token_fingerprint != fingerprint
    reaches_more = not before.covers_all and not set(after.targets) <= set(before.targets)
    return is_other or reaches_more or bool(stored.code) or _keeps_fewer(before.keep, after.keep)


def _keeps_fewer(before: Keep, after: Keep) -> bool:
    kept = asdict(before)
    return before.is_everything or any(number < kept[name] for name, number in asdict(after).items())
