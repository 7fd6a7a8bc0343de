"""What the confirmation pages of restores and deletions say of the approval that one takes."""

from typing import Any

from django.http import HttpRequest

from snapshots.operations.models import Action
from snapshots.operations.policies import matching
from snapshots.operations.server_views import ServerView

ANYWAY = "anyway"
"""The parameter of a person who wants approval for what a lock or a freeze forbids."""


def asks_anyway(request: HttpRequest) -> bool:
    return ANYWAY in request.POST or ANYWAY in request.GET


def approval_context(
    request: HttpRequest, blocks: dict[str, Any], view: ServerView, action: Action
) -> dict[str, Any]:
    """`is_blocked`: nothing can be sent now. `approvals_needed`: how many people have to approve what is sent; 0 if nobody."""
    lock, freeze = blocks["lock"], blocks["freeze"]
    is_forbidden = freeze is not None or (lock is not None and lock.covers(action))
    asks = asks_anyway(request)
    actions = [action, Action.DELETE] if action == Action.RESTORE and view.is_full else [action]
    policies = [one for each in actions for one in matching(view.server_id, each)]
    needed = max((one.needed for one in policies), default=int(is_forbidden and asks))
    return {
        "is_blocked": is_forbidden and not asks,
        "is_anyway": is_forbidden and asks,
        "approvals_needed": needed,
    }
