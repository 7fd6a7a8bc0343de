"""Runs of schedules while a freeze holds, and where deletions take the approval of other people."""

from datetime import timedelta

import pytest

from snapshots.deletions.models import PlannedDeletion
from snapshots.operations.models import Action, Operation
from snapshots.schedules.models import Run, RunState
from snapshots.schedules.retention import Keep
from tests.schedules.test_runs import auto_names
from tests.support.deletions import run_at
from tests.support.freezes import freeze
from tests.support.policies import place
from tests.support.schedules import define, next_hour, work_until

pytestmark = pytest.mark.django_db


def test_while_a_freeze_holds_all_stay_and_snapshots_are_still_made(desk, clock):
    schedule = define(desk, keep=Keep(last=1))
    server = schedule.servers.get()
    first = next_hour()
    freeze(desk, ends_at=first + timedelta(hours=1, minutes=50))
    work_until(desk, clock, first + timedelta(hours=1, minutes=40))
    assert len(auto_names(server.server_id)) == 2
    assert set(Run.objects.values_list("state", flat=True)) == {RunState.COMPLETED}
    work_until(desk, clock, first + timedelta(hours=2, minutes=40))
    assert len(auto_names(server.server_id)) == 1


def test_a_policy_about_deletions_is_not_for_what_a_schedule_deletes_of_its_own(cast, desk, clock):
    schedule = define(desk, keep=Keep(last=1))
    server = schedule.servers.get()
    place(cast.ada)
    first = next_hour()
    work_until(desk, clock, first + timedelta(hours=1, minutes=40))
    assert len(auto_names(server.server_id)) == 1
    assert set(Run.objects.values_list("state", flat=True)) == {RunState.COMPLETED}


def test_nor_is_it_for_those_that_wait_for_a_grace_time(cast, desk, clock, settings):
    settings.SNAPPORTAL_DELETE_GRACE_DAYS = 1
    define(desk, keep=Keep(last=1))
    place(cast.ada)
    work_until(desk, clock, next_hour() + timedelta(hours=1, minutes=40))
    planned = PlannedDeletion.objects.get()
    run_at(clock, planned.due_at + timedelta(seconds=1))
    assert Operation.objects.filter(action=Action.DELETE, snapshot_id=planned.snapshot_id).exists()
