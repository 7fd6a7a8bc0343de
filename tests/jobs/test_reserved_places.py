"""The place that a job empties on a full server is for the job's own snapshot."""

from datetime import timedelta

import pytest

from snapshots.jobs import engine, service
from snapshots.jobs.models import Job, JobState
from snapshots.jobs.room import room_key
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action, Operation, PlaceReservation
from tests.support.api import script_of
from tests.support.jobs import full_server, make_elsewhere, run_to_end, start_safe_restore

pytestmark = pytest.mark.django_db


@pytest.fixture
def started(desk, clock):
    """A server that was full, and a job that has deleted a snapshot there and has not created its own yet."""
    view = full_server(desk)
    job = start_safe_restore(desk, view, make_room=room_key(view.snapshots[-1]))
    clock.shift(60)
    view = desk.server(view.name)
    assert not view.is_full
    return view, job


def refusal_of(call) -> str:
    with pytest.raises(OperationRefusedError) as refused:
        call()
    return refused.value.code


def test_nobody_else_takes_it_and_the_job_ends_well(desk, started, clock):
    view, job = started
    assert refusal_of(lambda: desk.create(view, name="thief")) == "place_reserved"
    answer = script_of(desk).post("snapshots/", {"server_id": view.server_id, "name": "thief"})
    assert (answer.status_code, answer.json()["code"]) == (409, "place_reserved")
    assert run_to_end(job, desk, clock).state == JobState.COMPLETED
    assert not Operation.objects.filter(snapshot_name="thief").exists()
    assert not PlaceReservation.objects.exists()


def test_a_second_job_that_needs_room_there_is_not_begun(desk, started):
    view, _job = started
    make_elsewhere(view, 1, prefix="elsewhere", days_ago=3)
    view = full_again(desk, view)
    second = refusal_of(lambda: start_safe_restore(desk, view, make_room=room_key(view.snapshots[-1])))
    assert second == "place_reserved"
    assert Job.objects.count() == 1


def full_again(desk, view):
    """Past the portal somebody can take the place: then the first job's create is refused, and nothing else is deleted."""
    view = desk.server(view.name)
    assert view.is_full
    return view


def test_other_servers_are_not_concerned(desk, started):
    view, _job = started
    other = next(one for one in desk.views() if one.server_id != view.server_id and not one.is_full)
    desk.create(other)
    assert Operation.objects.filter(action=Action.CREATE).count() == 1


def test_a_cancelled_job_gives_it_back(desk, started):
    view, job = started
    service.cancel(actor=desk.actor, job=job)
    assert not PlaceReservation.objects.exists()
    desk.create(view)


def test_a_reservation_that_is_left_behind_ends_by_itself(desk, started, clock):
    view, _job = started
    clock.shift(timedelta(hours=2, seconds=1).total_seconds())
    desk.create(desk.server(view.name))


def test_what_waits_for_a_place_is_tried_again():
    assert "place_reserved" in engine.PASSING_CODES
