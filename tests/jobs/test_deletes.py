"""A job's delete goes through the same entry point as a page's: with a grace time it waits, unless it makes room."""

import secrets

import pytest

from snapshots.deletions.models import PlannedDeletion, State
from snapshots.jobs import engine, service
from snapshots.jobs.models import Job, JobState, Kind, StepState
from snapshots.jobs.plans import Lane
from snapshots.jobs.room import room_key
from snapshots.operations.models import Action, Operation
from tests.support.deletions import deletes_of, exists, plan
from tests.support.desk import Desk
from tests.support.jobs import full_server, run_to_end, start_safe_restore

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def grace_time(settings, clock):
    settings.SNAPPORTAL_DELETE_GRACE_DAYS = 2


def start_delete(desk: Desk, *, at_once: bool) -> Job:
    view = desk.server()
    lane = Lane(view, "")
    step = lane.step(Action.DELETE, snapshot=desk.snapshot(view), at_once=at_once)
    return service.start(
        actor=desk.actor, kind=Kind.DELETE_MANY, steps=[step], idempotency_key=secrets.token_hex(8)
    )


def test_a_delete_waits_for_the_grace_time_and_completes_its_step(desk):
    job = start_delete(desk, at_once=False)
    engine.advance(job.pk)
    job.refresh_from_db()
    step = job.steps.get()
    assert (job.state, step.state, step.code) == (JobState.COMPLETED, StepState.COMPLETED, engine.PLANNED)
    assert PlannedDeletion.objects.get().snapshot_id == step.snapshot_id
    assert not Operation.objects.exists()


def test_a_step_tried_again_after_a_crash_plans_one_deletion(desk):
    job = start_delete(desk, at_once=False)
    engine.advance(job.pk)
    job.steps.update(state=StepState.WAITING, code="")
    Job.objects.update(state=JobState.RUNNING)
    engine.advance(job.pk)
    assert PlannedDeletion.objects.count() == 1
    assert job.steps.get().state == StepState.COMPLETED


def test_a_delete_of_a_job_that_was_cancelled_meanwhile_is_not_planned(desk, monkeypatch):
    job = start_delete(desk, at_once=False)
    Job.objects.update(state=JobState.CANCELLED)
    job.state = JobState.RUNNING  # as read before the cancellation
    engine._try(job, job.steps.get())
    assert not PlannedDeletion.objects.exists()
    assert job.steps.get().code == "job_over"


def test_room_is_made_at_once_and_ends_the_deletion_that_waited(desk, clock):
    view = full_server(desk)
    target, other = desk.snapshot(view), view.snapshots[-1]
    planned = plan(desk, view, other)
    job = run_to_end(start_safe_restore(desk, view, snapshot=target, make_room=room_key(other)), desk, clock)
    assert job.state == JobState.COMPLETED
    assert not exists(other.id)
    planned.refresh_from_db()
    assert planned.state in {State.SENT, State.DONE}
    assert planned.operation_id == deletes_of(other.id)[0].pk
