"""What changes between a request, its approval and the call to the provider: a row for each change, and nothing is sent."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from snapportal.accounts import teams
from snapportal.accounts.models import Role, User
from snapshots.approvals import deciding
from snapshots.approvals.models import Kind, State
from snapshots.audit.models import Entry
from snapshots.deletions.models import PlannedDeletion
from snapshots.jobs import engine
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Operation
from snapshots.sandbox.models import Server as SandboxServer
from snapshots.sandbox.models import Snapshot as SandboxSnapshot
from snapshots.vault import tokens
from tests.support.deletions import run_at
from tests.support.desk import Desk
from tests.support.double import ask_sandbox, refuse_connections
from tests.support.freezes import freeze
from tests.support.limits import CREATE, limit
from tests.support.policies import approve, only, place, wish
from tests.support.teams import ADMIN, make_team

pytestmark = pytest.mark.django_db


@dataclass
class Case:
    cast: Any
    desk: Desk
    view: Any
    max_: User
    sandbox: Any
    clock: Any

    def person(self, person: User, **changes: Any) -> None:
        User.objects.filter(pk=person.pk).update(**changes)


def leaves_the_team(person: str) -> Callable[[Case], None]:
    """Of the team from which the person has the right."""

    def change(case: Case) -> None:
        who = case.desk.user if person == "asker" else case.max_
        team = who.teams.get()
        teams.set_member(team, who, is_member=False, actor=ADMIN)

    return change


def token_of_another_account(case: Case) -> None:
    tokens.replace(case.desk.token, case.sandbox.other_token, stored_by_name="Mia")


def another_snapshot(case: Case) -> None:
    """With the ID of the one that was confirmed."""
    SandboxSnapshot.objects.filter(pk=only().item.snapshot_id).update(
        name="another", created_at=timezone.now(), state_stamp="1"
    )


CHANGES: dict[str, tuple[Callable[[Case], object], set[str]]] = {
    "its time is over": (lambda case: case.clock.shift(4 * 3600), {"request_over", "expired"}),
    "the asker is deactivated": (
        lambda case: case.person(case.desk.user, is_active=False),
        {"asker_lost_right", "not_allowed_any_more", "approval_lost"},
    ),
    "the asker is a viewer now": (
        lambda case: case.person(case.desk.user, role=Role.VIEWER),
        {"asker_lost_right", "not_allowed_any_more", "approval_lost"},
    ),
    "an admin took over the asker": (
        lambda case: case.person(case.desk.user, rights_since=timezone.now()),
        {"asker_too_new", "approval_lost"},
    ),
    "the approver is deactivated": (
        lambda case: case.person(case.max_, is_active=False),
        {"not_an_approver", "approval_lost"},
    ),
    "the approver is an operator now": (
        lambda case: case.person(case.max_, role=Role.OPERATOR),
        {"not_an_approver", "approval_lost"},
    ),
    "an admin took over the approver": (
        lambda case: case.person(case.max_, rights_since=timezone.now()),
        {"rights_too_new", "approval_lost"},
    ),
    "the token is removed": (lambda case: case.desk.token.delete(), {"token_gone"}),
    "the token is limited to creating": (
        lambda case: limit(case.desk, rights=CREATE),
        {"token_limited"},
    ),
    "the token is limited to another server": (
        lambda case: limit(case.desk, servers=[999_999]),
        {"token_limited"},
    ),
    "the token is one of another account": (token_of_another_account, {"snapshot_gone", "token_gone"}),
    "a policy that takes two came": (
        lambda case: place(case.cast.ada, case.view, name="Two", needed=2),
        {"waiting", "approval_lost"},
    ),
    "a policy with other approvers came": (
        lambda case: place(case.cast.ada, case.view, name="Others", approvers=[case.cast.ada.pk]),
        {"not_an_approver", "approval_lost"},
    ),
    "a freeze came": (lambda case: freeze(case.desk), {"frozen"}),
    "the server is gone": (
        lambda case: SandboxServer.objects.filter(pk=case.view.server_id).delete(),
        {"snapshot_gone"},
    ),
    "the snapshot is another one": (another_snapshot, {"snapshot_changed"}),
}


@pytest.fixture
def case(cast, desk, view, max_, sandbox, clock, double) -> Case:
    double.answer = ask_sandbox
    place(cast.ada, view)
    return Case(cast, desk, view, max_, sandbox, clock)


def why(call: Callable[[], object]) -> str:
    """Why nothing began."""
    try:
        call()
    except OperationRefusedError as error:
        return error.code
    asked = only()
    return asked.code or asked.state


@pytest.mark.parametrize("change", CHANGES)
def test_before_the_approval(case, change):
    asked = wish(case.desk, case.view)()
    case.clock.shift(1)
    CHANGES[change][0](case)
    assert why(approve(case.max_, asked)) in CHANGES[change][1]
    assert not Operation.objects.exists()


@pytest.mark.parametrize("change", CHANGES)
def test_between_the_approval_and_the_call(case, change, double):
    """The provider is away when it is approved, so it begins later."""
    asked = wish(case.desk, case.view)()
    double.answer = refuse_connections
    approve(case.max_, asked)()
    double.answer = ask_sandbox
    assert only().state == State.APPROVED
    case.clock.shift(600)
    CHANGES[change][0](case)
    deciding.run_due()
    row = Entry.objects.filter(action__in=["approval.void", "approval.expire"]).get()
    assert row.code in CHANGES[change][1]
    assert only().state in {State.VOID, State.EXPIRED}
    assert not Operation.objects.exists()


LATER = {
    "the asker is deactivated": "not_allowed_any_more",
    "the asker is a viewer now": "not_allowed_any_more",
    "the approver is deactivated": "approval_lost",
    "the approver is an operator now": "approval_lost",
    "the token is removed": "token_gone",
    "the token is limited to creating": "token_limited",
    "a policy that takes two came": "approval_needed",
    "a policy with other approvers came": "approval_needed",
    "the snapshot is another one": "snapshot_changed",
}
"""What keeps an approved deletion from being sent when its grace time is over; a freeze only delays it."""


@pytest.mark.parametrize("change", LATER)
def test_within_the_grace_time_of_an_approved_deletion(case, change, settings):
    settings.SNAPPORTAL_DELETE_GRACE_DAYS = 1
    approve(case.max_, wish(case.desk, case.view, Kind.DELETE)())()
    planned = PlannedDeletion.objects.get()
    case.clock.shift(600)
    CHANGES[change][0](case)
    run_at(case.clock, planned.due_at + timedelta(seconds=1))
    planned.refresh_from_db()
    assert (planned.state, planned.code) == ("refused", LATER[change])
    assert Entry.objects.get(action="deletion.refuse").code == LATER[change]
    assert not Operation.objects.exists()


@pytest.mark.parametrize("change", ["the approver is deactivated", "the approver is an operator now"])
def test_between_the_steps_of_an_approved_job(case, change):
    approve(case.max_, wish(case.desk, case.view, Kind.SAFE_RESTORE)())()
    CHANGES[change][0](case)
    for _turn in range(3):
        case.clock.shift(600)
        case.desk.views()
        engine.advance_all()
    assert [one.action for one in Operation.objects.all()] == ["snapshot.create"]
    codes = Entry.objects.filter(action="snapshot.restore").values_list("code", flat=True)
    assert set(codes) == {"approval_needed", "approval_lost"}, (
        "when it was asked for, and when it was its turn"
    )


def test_an_approved_deletion_goes_on_when_an_admin_touched_the_approver_since(case, settings):
    """What was given holds as long as the person may do it: who joins a team does not take back what was approved."""
    settings.SNAPPORTAL_DELETE_GRACE_DAYS = 1
    approve(case.max_, wish(case.desk, case.view, Kind.DELETE)())()
    CHANGES["an admin took over the approver"][0](case)
    run_at(case.clock, PlannedDeletion.objects.get().due_at + timedelta(seconds=1))
    assert Operation.objects.get().action == "snapshot.delete"


@pytest.mark.parametrize("person", ["asker", "approver"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_right_that_a_team_gave_and_took(case, person, when, double):
    who = case.desk.user if person == "asker" else case.max_
    settled = case.cast.mia.rights_since
    case.person(who, role=Role.VIEWER)
    team = make_team(servers=[case.view.server_id], members=[who])
    type(team).objects.update(changed_at=settled)
    case.person(who, rights_since=settled)
    asked = wish(case.desk, case.view)()
    if when == "before":
        leaves_the_team(person)(case)
        assert why(approve(case.max_, asked)) in {"asker_lost_right", "not_an_approver"}
    else:
        double.answer = refuse_connections
        approve(case.max_, asked)()
        double.answer = ask_sandbox
        leaves_the_team(person)(case)
        case.clock.shift(600)
        deciding.run_due()
        assert only().state == State.VOID
    assert not Operation.objects.exists()
