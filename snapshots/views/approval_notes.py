"""What pages say of the approval that something takes."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.http import HttpRequest

from snapshots.jobs.batch_plans import about
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.guarded_models import PolicyAction
from snapshots.operations.models import Action
from snapshots.operations.policies import About, matching
from snapshots.operations.server_views import ServerView
from snapshots.schedules.definition import Definition, definition_of
from snapshots.schedules.loosening import check_definition, check_resumed
from snapshots.schedules.models import Schedule
from snapshots.vault.models import StoredToken

ANYWAY = "anyway"
"""The parameter of a person who wants approval for what a lock or a freeze forbids."""


def asks_anyway(request: HttpRequest) -> bool:
    return ANYWAY in request.POST or ANYWAY in request.GET


def needed_for(things: Iterable[About]) -> int:
    """How many people have to approve it; 0 if nobody."""
    return max((one.needed for one in matching(things)), default=0)


def needed_for_batch(action: Action, views: Sequence[ServerView]) -> int:
    """Likewise. A restore may have to delete a snapshot first where the server is full."""
    full = [view.server_id for view in views if view.is_full and action == Action.RESTORE]
    several = about([view.server_id for view in views], action)
    return needed_for([*several, *((number, Action.DELETE) for number in full)])


def approvals_to_define(stored: Schedule | None, definition: Definition, token: StoredToken) -> int:
    """Of a new or changed schedule."""
    return _needed_for_schedule(definition, lambda: check_definition(stored, definition, token.fingerprint))


def approvals_to_resume(schedule: Schedule) -> int:
    return _needed_for_schedule(definition_of(schedule), lambda: check_resumed(schedule))


def _needed_for_schedule(definition: Definition, check: Callable[[], None]) -> int:
    try:
        check()
    except OperationRefusedError:
        return needed_for((one, PolicyAction.SCHEDULE) for one in definition.targets)
    return 0


def approval_context(
    request: HttpRequest, blocks: dict[str, Any], view: ServerView, action: Action
) -> dict[str, Any]:
    """`is_blocked`: nothing can be sent now. `approvals_needed`: how many people have to approve what is sent; 0 if nobody."""
    lock, freeze = blocks["lock"], blocks["freeze"]
    is_forbidden = freeze is not None or (lock is not None and lock.covers(action))
    asks = asks_anyway(request)
    actions = [action, Action.DELETE] if action == Action.RESTORE and view.is_full else [action]
    needed = needed_for((view.server_id, each) for each in actions) or int(is_forbidden and asks)
    return {
        "is_blocked": is_forbidden and not asks,
        "is_anyway": is_forbidden and asks,
        "approvals_needed": needed,
    }
