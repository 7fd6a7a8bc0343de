"""What a batch has not done is tried again alone, once, and never where it may have happened."""

from datetime import timedelta

import pytest
from django.utils import timezone

from snapshots.audit.models import Entry
from snapshots.jobs import engine, service
from snapshots.jobs.models import Job, JobState, Kind, StepState
from snapshots.jobs.outcomes import Outcome, chain_of, last_attempts, to_try_again
from snapshots.jobs.points import first_jobs, restore_points
from snapshots.jobs.selections import item_of
from snapshots.operations.attention import close_operation
from snapshots.operations.models import Finding, Operation, State
from snapshots.sandbox.models import Snapshot as SandboxSnapshot
from tests.support.batches import (
    NAME,
    create_many,
    delete_many,
    outcomes_of,
    roomy,
    sign,
    sign_servers,
    sign_snapshots,
    take_last_places,
)
from tests.support.desk import Desk
from tests.support.jobs import run_to_end
from tests.support.refusals import refused

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]


def retry_create(desk: Desk, job: Job, **more: str) -> Job:
    """Try again what was not done, as the job's page offers it."""
    chain = chain_of(job, Job.objects.all())
    views = {view.server_id: view for view in desk.views()}
    items = [item_of(views[one.step.server_id]) for one in to_try_again(chain)]
    confirmation = sign(desk, Kind.CREATE_MANY, items, retry_of=str(chain[-1].pk))
    return create_many(desk, [], confirmation, **more)


def failed_at(desk: Desk, clock, number: int = 2) -> Job:
    """A batch of five servers, of which one (counted from 0) was full."""
    views = roomy(desk, 5)
    confirmation = sign_servers(desk, views)
    take_last_places(views[number])
    return run_to_end(create_many(desk, views, confirmation), desk, clock)


def make_room(job: Job, number: int = 2) -> None:
    server_id = job.steps.get(lane=number).server_id
    SandboxSnapshot.objects.filter(server_id=server_id, name__startswith="elsewhere").delete()


class TestTryingAgain:
    def test_only_what_failed_is_tried_again_and_completes_the_restore_point(self, desk, clock):
        job = failed_at(desk, clock)
        make_room(job)
        retry = run_to_end(retry_create(desk, job, name="another"), desk, clock)
        assert retry.steps.get().server_id == job.steps.get(lane=2).server_id
        assert (retry.title, retry.retry_of) == (NAME, job)
        assert SandboxSnapshot.objects.filter(name=NAME).count() == 5
        point = restore_points(first_jobs(Job.objects.all()), Job.objects.all())
        assert [len(one.made) for one in point] == [5]
        assert [one.pk for one in point[0].jobs] == [job.pk, retry.pk]

    def test_it_is_tried_again_once_however_many_people_ask(self, desk, clock):
        job = failed_at(desk, clock)
        make_room(job)
        retry_create(desk, job)
        views = {view.server_id: view for view in desk.views()}
        item = item_of(views[job.steps.get(lane=2).server_id])
        again = sign(desk, Kind.CREATE_MANY, [item], retry_of=str(job.pk))
        assert refused(lambda: create_many(desk, [], again)) == "already_retried"
        assert Entry.objects.latest("sequence").code == "already_retried"
        assert Job.objects.count() == 2

    def test_what_failed_twice_can_be_tried_a_third_time(self, desk, clock):
        job = failed_at(desk, clock)
        second = run_to_end(retry_create(desk, job), desk, clock)
        assert outcomes_of(second) == [Outcome.FAILED]
        make_room(job)
        third = run_to_end(retry_create(desk, job), desk, clock)
        assert (third.retry_of, outcomes_of(third)) == (second, [Outcome.COMPLETED])
        chain = chain_of(second, Job.objects.all())
        assert chain == [job, second, third]
        assert to_try_again(chain) == []

    def test_an_unknown_result_is_not_tried_again_until_it_is_known_not_to_have_happened(
        self, far_desk, http_sandbox, clock
    ):
        job = create_many(far_desk, roomy(far_desk))
        http_sandbox.misbehave("reset_before", method="POST")
        engine.advance(job.pk)
        job = run_to_end(job, far_desk, clock)
        assert to_try_again([job]) == []
        unknown = Operation.objects.get(state=State.UNKNOWN)
        close_operation(
            actor=far_desk.actor, operation=unknown, finding=Finding.NOT_HAPPENED, reason="it is not there"
        )
        assert [one.step.lane for one in to_try_again([job])] == [0]

    @pytest.mark.parametrize(
        ("finding", "outcome"),
        [(Finding.HAPPENED, Outcome.COMPLETED), (Finding.UNDECIDED, Outcome.UNKNOWN)],
    )
    def test_what_may_have_happened_is_not_tried_again(self, far_desk, http_sandbox, clock, finding, outcome):
        job = create_many(far_desk, roomy(far_desk))
        http_sandbox.misbehave("reset_before", method="POST")
        engine.advance(job.pk)
        job = run_to_end(job, far_desk, clock)
        unknown = Operation.objects.get(state=State.UNKNOWN)
        close_operation(actor=far_desk.actor, operation=unknown, finding=finding, reason="looked")
        assert outcomes_of(job)[0] == outcome
        assert to_try_again([job]) == []

    def test_what_takes_far_too_long_is_unknown_and_not_tried_again(self, desk):
        """The job waits no longer, but the provider has accepted it and may still finish it."""
        job = create_many(desk, roomy(desk))
        engine.advance(job.pk)
        Operation.objects.update(accepted_at=timezone.now() - timedelta(days=1))
        SandboxSnapshot.objects.filter(name=NAME).update(ends_at=timezone.now() + timedelta(days=1))
        engine.advance(job.pk)
        job.refresh_from_db()
        assert job.state == JobState.STOPPED
        assert outcomes_of(job) == [Outcome.UNKNOWN] * 3
        assert to_try_again([job]) == []

    def test_a_step_sent_just_before_the_cancellation_is_not_tried_again(self, desk):
        """The worker died after the call: the step's own row does not say yet that it was sent."""
        job = create_many(desk, roomy(desk))
        engine.advance(job.pk, seconds=0)
        job.steps.filter(lane=0).update(state=StepState.WAITING, operation_id=None)
        service.cancel(actor=desk.actor, job=job)
        job.refresh_from_db()
        assert outcomes_of(job) == [Outcome.RUNNING, Outcome.LEFT_OUT, Outcome.LEFT_OUT]
        assert [one.step.lane for one in to_try_again([job])] == [1, 2]

    def test_nothing_is_tried_again_while_the_job_runs(self, desk):
        views = roomy(desk, 5)
        confirmation = sign_servers(desk, views)
        take_last_places(views[2])
        job = create_many(desk, views, confirmation)
        assert outcomes_of(job)[2] == Outcome.FAILED
        assert to_try_again([job]) == []

    def test_a_failed_delete_is_tried_again_by_its_snapshot(self, far_desk, http_sandbox, clock):
        view = far_desk.server("db-server-01")
        job = delete_many(far_desk, [(view, snapshot) for snapshot in view.snapshots[:3]])
        http_sandbox.misbehave("status", status=403, method="DELETE")
        job = run_to_end(job, far_desk, clock)
        assert [one.key for one in to_try_again([job])] == [view.snapshots[0].id]
        again = sign_snapshots(far_desk, [(view, view.snapshots[0])], retry_of=str(job.pk))
        retry = run_to_end(delete_many(far_desk, [0], again), far_desk, clock)
        assert [one.outcome for one in last_attempts([job, retry])] == [Outcome.COMPLETED] * 3
