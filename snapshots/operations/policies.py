"""Approval policies: on these servers, these actions take the approval of other people (promises 39 and 45).

An admin places a policy; that tightens. Lifting one takes two admins, or time: see guard.py. To change one, place another and
lift it. Requests and their approval are in snapshots/approvals.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from django.utils import timezone

from snapshots.audit import journal
from snapshots.audit.journal import Actor
from snapshots.contract import clean_text
from snapshots.operations import guard
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.guarded_models import Policy
from snapshots.operations.models import Action
from snapshots.operations.rights import Right

PERMISSION: Final = "people.manage"
ACTIONS: Final = (Action.RESTORE, Action.DELETE)
"""What a policy can be about."""
MOST_NEEDED: Final = 2
HOURS: Final = (1, 4, 12, 24, 72)


@dataclass(frozen=True)
class PolicyDefinition:
    """`servers`: ID → name, None for all. `approvers`: IDs of people; none for everybody else who may do it."""

    name: str
    servers: Mapping[int, str] | None
    actions: Iterable[str]
    needed: int
    hours: int
    approvers: Iterable[int]
    reason: str


def current() -> list[Policy]:
    now = timezone.now()
    return [one for one in Policy.objects.all() if not one.is_over(now)]


def matching(server_id: int, action: str) -> list[Policy]:
    """The policies that ask for approval of this action on this server now."""
    if action not in ACTIONS:
        return []
    return [one for one in current() if action in one.actions and one.reaches(server_id)]


def place(*, actor: Actor, definition: PolicyDefinition) -> Policy:
    """Raises OperationRefusedError (reason_missing, bad_policy, not_allowed_any_more), JournalUnavailableError."""
    policy = Policy(
        name=clean_text(definition.name, 80),
        servers=sorted([number, name] for number, name in (definition.servers or {}).items()),
        actions=[one.value for one in ACTIONS if one in definition.actions],
        needed=definition.needed,
        hours=definition.hours,
        approvers=sorted(set(definition.approvers)),
        person_id=int(actor.id or 0),
        reason=guard.required_reason(definition.reason),
        created_at=timezone.now(),
    )
    is_too_few = policy.approvers and len(policy.approvers) < policy.needed
    if not policy.actions or not 1 <= policy.needed <= MOST_NEEDED or policy.hours not in HOURS or is_too_few:
        raise OperationRefusedError("bad_policy")
    with journal.committed():
        evidence = _extent(policy)
        journal.record(LIFTING.entry(policy, actor, "place", reason=policy.reason, evidence=evidence))
        LIFTING.check_rights(actor, policy)
        policy.save(force_insert=True)
    return policy


def _rights(_policy: Policy) -> list[Right]:
    return [(PERMISSION, None)]


def _extent(policy: Policy) -> str:
    people = ", ".join(f"person {number}" for number in policy.approvers) or "everybody else who may do it"
    actions = ", ".join(policy.actions)
    return f"{actions} on {policy.servers_text}: {policy.needed} of {people}, within {policy.hours} hours"


LIFTING: Final = guard.Lifting(Policy, "policy", "policy_over", _rights)
