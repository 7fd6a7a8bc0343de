"""Who may do what, through which channel, under which policy, lock or freeze: every combination, against a table of rules.

The rules below are all that is expected; nothing of them is taken from the portal's code. A role, an action or a channel without
a row here fails the build. A channel has a third of the combinations, and another third than the one before it: each three of
person, action, policy and lock meet in every channel, and each four on the page, in the API or in a job's step. A schedule has
all, as one run tells of every action; with SNAPPORTAL_TESTS_DEEP each channel has all.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from itertools import product
from typing import Any

import httpx
import pytest
from django.utils import timezone

from snapportal.accounts.models import Role, User
from snapportal.accounts.team_models import TeamRole
from snapshots.operations import server_locks
from snapshots.operations.models import Action, Operation
from snapshots.sandbox.models import Server as SandboxServer
from snapshots.schedules.retention import Keep
from tests.support.api import script_of
from tests.support.channels import CHANNELS, DONE, FORBIDDEN, NOTHING, REQUEST, Site
from tests.support.deep import DEEP
from tests.support.desk import Desk, make_desk
from tests.support.double import ask_sandbox
from tests.support.freezes import freeze
from tests.support.ownership import own_as_is
from tests.support.policies import actor, place
from tests.support.schedules import define, finish, next_hour
from tests.support.teams import make_team
from tests.support.undone import undone

pytestmark = pytest.mark.django_db
CREATE, RESTORE, DELETE = Action.CREATE, Action.RESTORE, Action.DELETE
DELETE_OWN = "snapshot.delete of one's own"
OPERATES, ALL, NONE = frozenset({CREATE, DELETE_OWN}), frozenset({*Action, DELETE_OWN}), frozenset[str]()

# who: (what the person may do on this server, and what on at least one)
WHO = {
    (Role.VIEWER, ""): (NONE, NONE),
    (Role.OPERATOR, ""): (OPERATES, OPERATES),
    (Role.MANAGER, ""): (ALL, ALL),
    (Role.AUDITOR, ""): (NONE, NONE),
    (Role.ADMIN, ""): (ALL, ALL),
    (TeamRole.OPERATOR, "here"): (OPERATES, OPERATES),
    (TeamRole.MANAGER, "here"): (ALL, ALL),
    (TeamRole.OPERATOR, "elsewhere"): (NONE, OPERATES),
    (TeamRole.MANAGER, "elsewhere"): (NONE, ALL),
}
POLICIES = {"no policy": None, "one": {}, "two of three": {"needed": 2, "approvers": [1002, 1003, 1005]}}
BLOCKS = ("nothing", "lock", "lock that covers deletions", "freeze")
FORBIDS = {"lock": {RESTORE}, "lock that covers deletions": {RESTORE, DELETE}, "freeze": {RESTORE, DELETE}}


THIRDS = {"page": 0, "API key": 1, "job step": 2, "batch item": 0}
"""Which third of the combinations the channel has."""


def blocked(action: Action, policy: str, block: str, channel: str) -> str:
    """What forbids it, if anything: a lock or a freeze before a policy, which a batch asks first. Nothing forbids a create."""
    takes_approval = action != CREATE and policy != "no policy"
    if action in FORBIDS.get(block, NONE) and not (takes_approval and channel == "batch item"):
        return "frozen" if block == "freeze" else "server_locked"
    return "approval_needed" if takes_approval else ""


def lacking(here: frozenset[str], somewhere: frozenset[str], action: Action) -> str:
    """Why the person may not do it; '' if the person may. The snapshot is nobody's."""
    if action in here:
        return ""
    if action == DELETE and DELETE_OWN in here:
        return "not_own_snapshot"
    part = DELETE_OWN if action == DELETE else action
    return "not_on_this_server" if part in somewhere else "not_allowed_any_more"


def asked(here: frozenset[str], somewhere: frozenset[str], action: Action, block: str) -> str:
    """What a person sends, or a script. A restore says first what stands against it, whoever asks; a deletion last."""
    if action not in somewhere:
        return FORBIDDEN
    if action == RESTORE and block in {"server_locked", "frozen"}:
        return block
    if action not in here:
        return FORBIDDEN
    return REQUEST if block == "approval_needed" else block or DONE


def step(here: frozenset[str], somewhere: frozenset[str], action: Action, block: str) -> str:
    """A job that was begun: nobody is asked there, so what takes an approval is refused."""
    return lacking(here, somewhere, action) or block or DONE


def item(here: frozenset[str], somewhere: frozenset[str], action: Action, block: str) -> str:
    """A batch that takes an approval is refused as a whole. Else each item is checked alone, and of a deletion whose the snapshot
    is; then the rights for what is left."""
    code = lacking(here, somewhere, action)
    if code and (action == DELETE or code == "not_on_this_server") and block != "approval_needed":
        return code
    return block or code or DONE


def run(here: frozenset[str], somewhere: frozenset[str], action: Action, block: str) -> str:
    """A schedule restores nothing. It deletes what it made, which no policy is for, and nothing where that is forbidden."""
    if here != ALL:  # whose owner could not make it now
        return "owner_lacks_right"
    if action == RESTORE:
        return NOTHING
    is_forbidden = action == DELETE and block in {"server_locked", "frozen"}
    return NOTHING if is_forbidden else DONE


RULES: dict[str, Callable[..., str]] = {
    "page": asked,
    "API key": asked,
    "schedule": run,
    "job step": step,
    "batch item": item,
}


class Provider:
    """The sandbox, whose lists are built once for all cases in which nothing is written."""

    def __init__(self) -> None:
        self.lists: dict[str, httpx.Response] = {}
        self.is_written = False

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.is_written |= request.method != "GET"
        if self.is_written:
            return ask_sandbox(request)
        url = str(request.url)
        if url not in self.lists:
            self.lists[url] = ask_sandbox(request)
        return self.lists[url]


@pytest.fixture
def provider(double) -> Provider:
    provider = Provider()
    double.answer = provider.answer
    return provider


@pytest.fixture
def site(cast, sandbox, provider, signed_in, clock, channel, settings) -> Site:
    """Mia's, with one server that has two snapshots of her schedule if it is about that."""
    settings.SNAPPORTAL_API_RATE_LIMIT = 100_000
    desk = make_desk(cast.mia, sandbox.token)
    view = desk.server()
    SandboxServer.objects.exclude(pk=view.server_id).delete()  # what is read again and again is short
    script, browser = script_of(desk), signed_in(cast.mia)
    schedule = None
    if channel == "schedule":
        schedule = define(desk, keep=Keep(last=1))
        for _turn in range(2):
            clock.move_to(next_hour())
            finish(desk, clock)
        schedule.refresh_from_db()
    view = desk.server(view.name)
    provider.lists.clear()
    return Site(desk, view, desk.snapshot(view), browser, script, clock, timezone.now(), schedule)


@contextmanager
def being(site: Site, role: str, where: str) -> Iterator[None]:
    """Mia has this role; or she is a viewer, and a team's role on this server or on another one."""
    mia = site.desk.user
    with undone():
        if where:
            servers = [site.view.server_id if where == "here" else 999_999]
            make_team(role=role, servers=servers, members=[mia])
        User.objects.filter(pk=mia.pk).update(role=Role.VIEWER if where else role)
        site.desk.user = User.objects.get(pk=mia.pk)
        site.clock.move_to(site.at)
        yield
    site.desk.user = mia


def forbid(ada: User, site: Site, policy: str, block: str) -> None:
    if POLICIES[policy] is not None:
        place(ada, site.view, **POLICIES[policy])
    if block == "freeze":
        freeze(Desk(ada, site.desk.token), site.view)
    elif block != "nothing":
        fields = {"server_id": site.view.server_id, "server_name": site.view.name, "reason": "forensics"}
        server_locks.place(actor=actor(ada), covers_deletes=block != "lock", **fields)


def is_tried(channel: str, who: int, policy: int, block: int, action: int) -> bool:
    if DEEP or channel == "schedule":
        return True
    return (who + policy + block + action) % 3 == THIRDS[channel]


def combinations(channel: str) -> Iterator[tuple[tuple[str, str], str, str, list[Action]]]:
    for (place_of_who, who), (n, policy), (m, block) in product(*map(enumerate, (WHO, POLICIES, BLOCKS))):
        numbered = enumerate(Action)
        actions = [one for number, one in numbered if is_tried(channel, place_of_who, n, m, number)]
        if actions:
            yield who, policy, block, actions


def outcomes(
    cast, site: Site, provider: Provider, channel: str, *, owns: bool = False
) -> dict[tuple[str, ...], str]:
    """`owns`: of operators who own the snapshot, and of deletions only."""
    found = {}
    for (role, where), policy, block, actions in combinations(channel):
        tried = actions if not owns else [one for one in actions if one == DELETE and "operator" in role]
        if not tried:
            continue
        with being(site, role, where):
            if owns:
                own_as_is(site.desk.user, site.snapshot)
            forbid(cast.ada, site, policy, block)
            for action in tried:  # of a schedule one run tells of all of them
                with nullcontext() if channel == "schedule" else undone():
                    provider.is_written = False
                    found[role, where, action, policy, block] = CHANNELS[channel](site, action)
    return found


@pytest.mark.parametrize("channel", CHANNELS)
def test_each_combination_does_what_the_rules_say(cast, site, provider, channel):
    wrong = []
    for (role, where, action, policy, block), came in outcomes(cast, site, provider, channel).items():
        expected = RULES[channel](*WHO[role, where], action, blocked(action, policy, block, channel))
        if came != expected:
            wrong.append(f"{role} {where}, {action}, {policy}, {block}: {came}, not {expected}")
    assert not wrong, "\n".join(wrong)
    assert not Operation.objects.filter(action=RESTORE).exists()


@pytest.mark.parametrize("channel", [one for one in CHANNELS if one != "schedule"])
def test_an_operator_deletes_the_own_snapshot_as_a_manager_deletes_any(cast, site, provider, channel):
    wrong = []
    for (role, where, action, policy, block), came in outcomes(
        cast, site, provider, channel, owns=True
    ).items():
        rights = (one | {DELETE} if DELETE_OWN in one else one for one in WHO[role, where])
        expected = RULES[channel](*rights, action, blocked(action, policy, block, channel))
        if came != expected:
            wrong.append(f"{role} {where}, {policy}, {block}: {came}, not {expected}")
    assert not wrong, "\n".join(wrong)


def without(left_out: int, found: set[tuple[Any, ...]]) -> set[tuple[Any, ...]]:
    return {one[:left_out] + one[left_out + 1 :] for one in found}


def test_each_three_of_person_action_policy_and_lock_meet_in_every_channel():
    everything = {*product(WHO, POLICIES, BLOCKS, Action)}
    met = {
        channel: {(*one, action) for *one, actions in combinations(channel) for action in actions}
        for channel in CHANNELS
    }
    for channel, found in met.items():
        for left_out in range(4):
            assert without(left_out, found) == without(left_out, everything), channel
    assert met["schedule"] == met["page"] | met["API key"] | met["job step"] == everything


def test_every_role_action_and_channel_has_its_row():
    assert {role for role, where in WHO if not where} == {*Role}
    assert {role for role, where in WHO if where} == {*TeamRole}
    assert {*RULES} == {*CHANNELS}
    assert set().union(*(somewhere for _here, somewhere in WHO.values())) == ALL
