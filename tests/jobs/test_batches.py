"""Creating on many servers and deleting many snapshots: one confirmation, one job, each item by itself."""

from dataclasses import replace

import pytest

from snapshots.audit.models import Entry
from snapshots.deletions.models import PlannedDeletion
from snapshots.jobs import batch_checks, engine
from snapshots.jobs.models import Job, JobState
from snapshots.jobs.outcomes import Outcome
from snapshots.operations.models import Operation, State
from snapshots.operations.protection import protect
from snapshots.sandbox.models import Server
from snapshots.sandbox.models import Snapshot as SandboxSnapshot
from tests.support.batches import (
    NAME,
    chosen_snapshots,
    codes_of,
    create_many,
    delete_many,
    outcomes_of,
    roomy,
    sign_servers,
    sign_snapshots,
    take_last_places,
)
from tests.support.deletions import exists, plan, target_of
from tests.support.jobs import run_to_end
from tests.support.refusals import refused

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]


class TestCreate:
    def test_a_snapshot_of_one_name_is_created_on_each_server(self, desk, clock):
        views = roomy(desk)
        job = run_to_end(create_many(desk, views), desk, clock)
        assert (job.state, job.title) == (JobState.COMPLETED, NAME)
        assert outcomes_of(job) == [Outcome.COMPLETED] * 3
        made = SandboxSnapshot.objects.filter(name=NAME)
        assert sorted(made.values_list("server_id", flat=True)) == sorted(view.server_id for view in views)

    def test_the_log_has_one_start_an_intent_for_each_and_one_end(self, desk, clock):
        job = run_to_end(create_many(desk, roomy(desk)), desk, clock)
        rows = Entry.objects.filter(target=str(job.pk)).order_by("sequence")
        assert [(row.action, row.result) for row in rows] == [
            ("job.start", "completed"),
            ("job.end", "completed"),
        ]
        intents = Entry.objects.filter(phase="intent")
        assert {(row.action, row.channel, row.actor_id) for row in intents} == {
            ("snapshot.create", "job", desk.user.pk)
        }
        assert intents.count() == 3

    def test_one_reading_for_each_token_checks_all_servers(self, far_desk, http_sandbox):
        confirmation = sign_servers(far_desk, roomy(far_desk))
        http_sandbox.clear()
        create_many(far_desk, [], confirmation)
        reads = [path for method, path in http_sandbox.calls if method == "GET" and "snapshots" in path]
        assert len(reads) == 1

    def test_a_limit_reached_before_the_post_is_told_for_that_server_and_stops_no_other(self, desk, clock):
        views = roomy(desk, 5)
        confirmation = sign_servers(desk, views)
        take_last_places(views[2])
        job = create_many(desk, views, confirmation)
        assert codes_of(job) == ["", "", "limit_reached", "", ""]
        row = Entry.objects.get(action="snapshot.create", result="refused")
        assert (row.code, row.server_id, row.token_label) == (
            "limit_reached",
            views[2].server_id,
            desk.token.label,
        )
        job = run_to_end(job, desk, clock)
        assert job.state == JobState.STOPPED
        assert outcomes_of(job) == [Outcome.COMPLETED] * 2 + [Outcome.FAILED] + [Outcome.COMPLETED] * 2
        assert Entry.objects.get(action="job.end").full_evidence == "4 of 5 steps completed."

    def test_a_limit_reached_before_its_own_step_is_refused_there(self, desk, clock):
        views = roomy(desk, 5)
        job = create_many(desk, views)
        take_last_places(views[2])
        job = run_to_end(job, desk, clock)
        assert codes_of(job) == ["", "", "limit_reached", "", ""]
        assert outcomes_of(job).count(Outcome.COMPLETED) == 4
        assert Entry.objects.get(action="snapshot.create", result="refused").code == "limit_reached"

    def test_a_lost_answer_on_the_fourth_is_unknown_and_neither_done_nor_failed(self, far_desk, http_sandbox):
        views = roomy(far_desk, 5)
        job = create_many(far_desk, views)
        for _server in range(3):
            engine.advance(job.pk, seconds=0)
        http_sandbox.misbehave("reset_before", method="POST")
        engine.advance(job.pk, seconds=0)
        engine.advance(job.pk, seconds=0)
        assert outcomes_of(job)[3] == Outcome.UNKNOWN
        assert Outcome.UNKNOWN not in outcomes_of(job)[:3] + outcomes_of(job)[4:]
        assert Operation.objects.filter(state=State.UNKNOWN).count() == 1
        assert Operation.objects.count() == 5
        job.refresh_from_db()
        assert job.is_running

    def test_an_unknown_result_stays_unknown_when_the_job_waits_no_longer(
        self, far_desk, http_sandbox, clock
    ):
        job = create_many(far_desk, roomy(far_desk))
        http_sandbox.misbehave("reset_before", method="POST")
        engine.advance(job.pk)
        job = run_to_end(job, far_desk, clock)
        assert job.state == JobState.STOPPED
        assert outcomes_of(job) == [Outcome.UNKNOWN, Outcome.COMPLETED, Outcome.COMPLETED]

    @pytest.mark.parametrize("name", ["", "two words", "-" * 300])
    def test_a_bad_name_is_refused_as_a_whole(self, desk, name):
        assert refused(lambda: create_many(desk, roomy(desk), name=name)) == "bad_name"
        assert not Job.objects.exists()

    def test_a_server_that_is_gone_or_held_is_left_out(self, desk):
        views = roomy(desk, 3)
        confirmation = sign_servers(desk, views)
        held = next(one for one in views if any(snapshot.is_completed for snapshot in one.snapshots))
        desk.restore(held, desk.snapshot(held))
        gone = next(one for one in views if one is not held)
        Server.objects.filter(pk=gone.server_id).delete()
        job = create_many(desk, views, confirmation)
        found = dict(zip((view.server_id for view in views), codes_of(job), strict=True))
        assert (found[held.server_id], found[gone.server_id]) == ("server_held", "server_gone")
        assert sorted(found.values())[0] == ""

    def test_a_server_of_which_only_snapshots_are_listed_cannot_be_chosen(self, desk):
        view = replace(desk.server(), server=None)
        assert view.is_gone
        assert refused(lambda: batch_checks.check_create(view)) == "server_gone"


class TestDelete:
    def test_each_snapshot_is_deleted_and_no_other(self, desk, clock):
        chosen = chosen_snapshots(desk)
        kept = SandboxSnapshot.objects.count() - len(chosen)
        job = run_to_end(delete_many(desk, chosen), desk, clock)
        assert (job.state, outcomes_of(job)) == (JobState.COMPLETED, [Outcome.COMPLETED] * 4)
        assert not any(exists(snapshot.id) for _view, snapshot in chosen)
        assert SandboxSnapshot.objects.count() == kept

    def test_with_a_grace_time_each_waits_and_is_done_for_the_job(self, desk, settings):
        settings.SNAPPORTAL_DELETE_GRACE_DAYS = 2
        job = delete_many(desk, chosen_snapshots(desk))
        engine.advance(job.pk)
        assert outcomes_of(job) == [Outcome.PLANNED] * 4
        assert PlannedDeletion.objects.waiting().count() == 4
        assert not Operation.objects.exists()

    def test_a_snapshot_that_changed_between_page_and_post_is_kept_and_the_others_go(self, desk, clock):
        chosen = chosen_snapshots(desk)
        confirmation = sign_snapshots(desk, chosen)
        changed = chosen[1][1].id
        SandboxSnapshot.objects.filter(pk=changed).update(description="another one now")
        job = run_to_end(delete_many(desk, chosen, confirmation), desk, clock)
        assert codes_of(job) == ["", "snapshot_changed", "", ""]
        assert [exists(snapshot.id) for _view, snapshot in chosen] == [False, True, False, False]

    def test_a_snapshot_protected_between_page_and_post_is_kept_and_the_others_go(self, desk, clock):
        chosen = chosen_snapshots(desk)
        confirmation = sign_snapshots(desk, chosen)
        view, snapshot = chosen[2]
        protect(actor=desk.actor, target=target_of(desk, view, snapshot))
        job = delete_many(desk, chosen, confirmation)
        assert codes_of(job) == ["", "", "protected", ""]
        job = run_to_end(job, desk, clock)
        assert codes_of(job) == ["", "", "protected", ""]
        assert exists(snapshot.id)

    def test_a_snapshot_protected_before_its_own_step_is_kept(self, desk, clock):
        chosen = chosen_snapshots(desk)
        job = delete_many(desk, chosen)
        view, snapshot = chosen[2]
        protect(actor=desk.actor, target=target_of(desk, view, snapshot))
        job = run_to_end(job, desk, clock)
        assert codes_of(job) == ["", "", "protected", ""]
        assert exists(snapshot.id)

    def test_a_failed_delete_leaves_out_no_other_of_the_same_server(self, far_desk, http_sandbox, clock):
        view = far_desk.server("db-server-01")
        chosen = [(view, snapshot) for snapshot in view.snapshots[:3]]
        job = delete_many(far_desk, chosen)
        http_sandbox.misbehave("status", status=403, method="DELETE")
        job = run_to_end(job, far_desk, clock)
        assert outcomes_of(job) == [Outcome.FAILED, Outcome.COMPLETED, Outcome.COMPLETED]

    def test_what_is_planned_already_or_gone_is_told(self, desk, settings):
        settings.SNAPPORTAL_DELETE_GRACE_DAYS = 2
        chosen = chosen_snapshots(desk)
        confirmation = sign_snapshots(desk, chosen)
        plan(desk, *chosen[0])
        SandboxSnapshot.objects.filter(pk=chosen[1][1].id).delete()
        assert codes_of(delete_many(desk, chosen, confirmation)) == [
            "deletion_planned",
            "snapshot_gone",
            "",
            "",
        ]

    def test_the_number_and_a_reason_are_asked_for(self, desk):
        chosen = chosen_snapshots(desk)
        assert refused(lambda: delete_many(desk, chosen, typed_count="3")) == "count_mismatch"
        assert refused(lambda: delete_many(desk, chosen, typed_count="")) == "count_mismatch"
        assert refused(lambda: delete_many(desk, chosen, reason="  ")) == "reason_missing"
        rows = Entry.objects.filter(action="snapshot.delete", result="refused").order_by("sequence")
        assert [row.code for row in rows] == ["count_mismatch", "count_mismatch", "reason_missing"]
        assert not Job.objects.exists()
