"""Schedules whose token is limited: what is outside does not run, and says so."""

import pytest

from snapshots.audit.models import Entry
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Operation
from snapshots.schedules import service, stopping
from snapshots.schedules.models import RunState, Schedule, State
from snapshots.schedules.retention import Keep
from snapshots.schedules.visibility import can_go_on_with
from tests.support.batches import roomy
from tests.support.limits import CREATE, SEE, limit
from tests.support.schedules import define, finish, next_hour

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]


@pytest.mark.parametrize(
    ("rights", "keep", "stops"), [(SEE, Keep(), True), (CREATE, Keep(last=1), True), (CREATE, Keep(), False)]
)
def test_one_whose_token_lost_a_right_that_it_needs_is_stopped(desk, rights, keep, stops):
    schedule = define(desk, keep=keep)
    limit(desk, rights=rights)
    assert stopping.stop_orphans() == stops
    schedule.refresh_from_db()
    assert (schedule.state, schedule.code) == (
        (State.STOPPED, "token_limited") if stops else (State.ACTIVE, "")
    )
    assert Entry.objects.filter(action="schedule.stop", code="token_limited").count() == stops


def test_a_server_outside_the_limits_is_left_out_and_the_run_says_why(desk, clock):
    here, there = roomy(desk, 2)
    define(desk, servers=[(view.server_id, view.name) for view in (here, there)])
    limit(desk, servers=[here.server_id])
    clock.move_to(next_hour())
    run = finish(desk, clock)
    assert (run.state, run.code) == (RunState.PARTLY, "token_limited")
    assert {one.server_id for one in Operation.objects.all()} == {here.server_id}
    refusal = Entry.objects.get(action="snapshot.create", result="refused")
    assert (refusal.code, refusal.server_id) == ("token_limited", there.server_id)


def test_one_of_all_servers_takes_those_that_the_limits_leave(desk, clock):
    here, *_others = roomy(desk, 2)
    define(desk, covers_all=True)
    limit(desk, servers=[here.server_id])
    clock.move_to(next_hour())
    assert finish(desk, clock).state == RunState.COMPLETED
    assert {one.server_id for one in Operation.objects.all()} == {here.server_id}


@pytest.mark.parametrize("outside", ["server", "right"])
def test_none_is_made_for_what_is_outside(desk, outside):
    here, there = roomy(desk, 2)
    limit(desk, **({"servers": [here.server_id]} if outside == "server" else {"rights": CREATE}))
    with pytest.raises(OperationRefusedError, match="token_limited"):
        define(desk, servers=((there.server_id, there.name),))
    assert not Schedule.objects.exists()


def test_it_goes_on_only_with_a_token_that_reaches_its_servers(desk):
    here, there = roomy(desk, 2)
    schedule = define(desk, servers=((here.server_id, here.name),))
    assert can_go_on_with(schedule, desk.token)
    limit(desk, servers=[there.server_id])
    assert not can_go_on_with(schedule, desk.token)


def test_a_stopped_one_is_resumed_by_its_owner_once_the_limits_are_lifted(desk):
    schedule = define(desk)
    limit(desk, rights=SEE)
    stopping.stop_orphans()
    limit(desk)
    schedule.refresh_from_db()
    service.resume(actor=desk.actor, schedule=schedule)
    assert stopping.stop_orphans() == 0
