"""Whoever approves at the same moment, there is one operation. tests/site/test_postgres.py runs it on PostgreSQL too."""

from functools import partial

import pytest

from snapportal.accounts.models import Role, User
from snapshots.approvals import deciding
from snapshots.approvals.models import Decision, State
from snapshots.audit.models import Entry
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Operation
from tests.support.policies import actor, approve, only, place, wish
from tests.support.rendezvous import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def managers(cast) -> list[User]:
    fields = {"password": None, "role": Role.MANAGER, "rights_since": cast.mia.rights_since}
    return [User.objects.create_user(username=f"m{n}", name=f"M{n}", **fields) for n in range(20)]


def outcome(call) -> str:
    try:
        call()
    except OperationRefusedError as error:
        return error.code
    return "approved"


def test_twenty_parallel_approvals_of_one_request_give_one_operation(cast, desk, managers):
    view = desk.server()
    place(cast.ada, view)
    asked = wish(desk, view)()
    results = at_once([partial(outcome, approve(one, asked)) for one in managers])
    assert sorted(set(results)) == ["approved", "request_over"]
    assert results.count("approved") == 1
    assert Operation.objects.count() == 1
    assert only().state == State.BEGUN
    rows = Entry.objects.filter(action="approval.approve")
    assert sorted(rows.values_list("result", flat=True)) == ["completed"] + 19 * ["refused"]


def test_where_two_are_needed_two_at_once_give_one_operation(cast, desk, managers):
    view = desk.server()
    place(cast.ada, view, needed=2)
    asked = wish(desk, view)()
    assert at_once([partial(outcome, approve(one, asked)) for one in managers[:2]]) == 2 * ["approved"]
    assert Operation.objects.count() == 1
    assert only().state == State.BEGUN


def test_one_person_who_approves_twenty_times_at_once_is_one(cast, desk, managers):
    view = desk.server()
    place(cast.ada, view, needed=2)
    asked = wish(desk, view)()
    results = at_once(20 * [partial(outcome, approve(managers[0], asked))])
    assert results.count("approved") == 1
    assert results.count("already_decided") == 19
    assert Decision.objects.count() == 1
    assert not Operation.objects.exists()


def test_what_is_approved_begins_once_however_many_workers_carry_it_out(cast, desk, managers, double):
    from tests.support.double import ask_sandbox, refuse_connections

    double.answer = ask_sandbox
    view = desk.server()
    place(cast.ada, view)
    asked = wish(desk, view)()
    double.answer = refuse_connections
    approve(managers[0], asked)()
    double.answer = ask_sandbox
    assert only().state == State.APPROVED
    at_once(6 * [lambda: deciding.carry_out(only())])
    assert Operation.objects.count() == 1
    assert only().state == State.BEGUN


@pytest.mark.parametrize("step", ["deny", "withdraw"])
def test_of_an_approval_and_its_opposite_at_once_one_comes_first(cast, desk, managers, step):
    view = desk.server()
    place(cast.ada, view)
    asked = wish(desk, view)()
    if step == "deny":
        stop = partial(deciding.deny, actor=actor(managers[1]), pk=asked.pk, reason="no")
    else:
        stop = partial(deciding.withdraw, actor=desk.actor, pk=asked.pk)
    results = at_once([partial(outcome, approve(managers[0], asked)), partial(outcome, stop)])
    is_stopped = only().state in {State.DENIED, State.WITHDRAWN}
    assert Operation.objects.exists() != is_stopped
    assert "approved" in results
