"""Approval policies: on these servers, these actions take the approval of other people (promises 39 and 45).

An admin places a policy; that tightens. Lifting one takes two admins, or time: see guard.py. To change one, place another and
lift it. Requests and their approval are in snapshots/approvals.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from django.contrib.auth import get_user_model
from django.utils import timezone

from snapshots import sql
from snapshots.audit.journal import Actor
from snapshots.audit.wording.statements import joined
from snapshots.connection import Person
from snapshots.operations import guard, statements
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.guarded_models import Policy, PolicyAction
from snapshots.operations.rights import Right, may_anywhere, may_on

PERMISSION: Final = "people.manage"
About = tuple[int | None, str]
"""A server, None for all, and what is done on it."""
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
    return [one for one in sql.select(Policy, "ORDER BY name, id") if not one.is_over(now)]


def matching(about: Iterable[About]) -> list[Policy]:
    """The policies that ask for approval of any of this now."""
    wanted = [one for one in set(about) if one[1] in PolicyAction.values]
    return (
        [policy for policy in current() if any(_is_about(policy, *one) for one in wanted)] if wanted else []
    )


def _is_about(policy: Policy, server_id: int | None, action: str) -> bool:
    return action in policy.actions and policy.reaches(server_id)


def naming(person_id: int | None) -> list[Policy]:
    """The policies that name this person among those who may approve."""
    return [one for one in current() if person_id in one.approvers]


def able_approvers(policy: Policy) -> set[int]:
    """Of the people whom it names, those who are still there and may do at least something of what it is about."""
    people = get_user_model().objects.filter(pk__in=policy.approvers, is_active=True)
    rights = [PolicyAction(one).permission for one in policy.actions]
    servers = [number for number, _name in policy.servers]
    return {
        one.pk
        for one in people
        if any(_may(one, right, number) for right in rights for number in servers or [None])
    }


def _may(person: Person, permission: str, server_id: int | None) -> bool:
    """None: anywhere."""
    return may_anywhere(person, permission) if server_id is None else may_on(person, permission, server_id)


def place(*, actor: Actor, definition: PolicyDefinition) -> Policy:
    """Raises OperationRefusedError (name_missing, reason_missing, bad_policy, not_allowed_any_more), JournalUnavailableError."""
    policy = Policy(
        name=guard.required_name(definition.name),
        servers=sorted([number, name] for number, name in (definition.servers or {}).items()),
        actions=[one for one in PolicyAction.values if one in definition.actions],
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
    with LIFTING.placing(policy, actor, _extent(policy)):
        policy.save(force_insert=True)
    return policy


def _rights(_policy: Policy) -> list[Right]:
    return [(PERMISSION, None)]


def _extent(policy: Policy) -> str:
    numbers = {"needed": policy.needed, "hours": policy.hours}
    if policy.approvers:
        people = statements.POLICY_PEOPLE.said(people=policy.approvers, **numbers)
    else:
        people = statements.POLICY_ANYBODY.said(**numbers)
    return joined([statements.POLICY_ACTIONS.said(actions=policy.actions), policy.servers_text, people])


LIFTING: Final = guard.Lifting(Policy, "policy", "policy_over", _rights)
