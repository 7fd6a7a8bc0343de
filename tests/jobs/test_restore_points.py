"""Restore points: what was created together can be gone back to together."""

from dataclasses import replace

import pytest

from snapshots.audit.models import Entry
from snapshots.jobs import batch_plans, engine
from snapshots.jobs.models import Job, JobState, Kind, StepState
from snapshots.jobs.outcomes import Outcome, to_try_again
from snapshots.jobs.points import first_jobs, restore_points, still_exists
from snapshots.jobs.room import room_key
from snapshots.jobs.selections import item_of
from snapshots.operations.models import Action, Operation
from snapshots.operations.reconciliation import read_and_reconcile
from snapshots.sandbox.models import Server
from snapshots.sandbox.models import Snapshot as SandboxSnapshot
from tests.support.batches import (
    NAME,
    chosen_snapshots,
    codes_of,
    create_many,
    delete_many,
    made_point,
    members_of,
    outcomes_of,
    restore_many,
    roomy,
    sign,
    sign_point,
    sign_servers,
    take_last_places,
)
from tests.support.desk import Desk
from tests.support.jobs import run_to_end, states
from tests.support.refusals import refused

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def failed_at(desk: Desk, clock, number: int = 2) -> Job:
    """A batch of five servers, of which one (counted from 0) was full."""
    views = roomy(desk, 5)
    confirmation = sign_servers(desk, views)
    take_last_places(views[number])
    return run_to_end(create_many(desk, views, confirmation), desk, clock)


class TestGoingBack:
    def test_each_server_is_restored_after_a_snapshot_of_its_present_state(self, desk, clock):
        point = made_point(desk, clock)
        members = members_of(desk, point)
        job = run_to_end(restore_many(desk, point), desk, clock)
        assert (job.state, job.title, job.point) == (JobState.COMPLETED, NAME, point)
        for view, snapshot in members:
            steps = job.steps.filter(server_id=view.server_id).order_by("position")
            assert [step.action for step in steps] == [Action.CREATE, Action.RESTORE]
            safety, restored = (Operation.objects.get(pk=step.operation_id) for step in steps)
            assert restored.snapshot_id == snapshot.id
            assert restored.sent_at > safety.ended_at
            assert safety.snapshot_name.startswith("before-restore-")

    def test_the_restore_points_name_and_a_reason_are_asked_for(self, desk, clock):
        point = made_point(desk, clock)
        assert refused(lambda: restore_many(desk, point, typed_name="another")) == "name_mismatch"
        assert refused(lambda: restore_many(desk, point, reason=" ")) == "reason_missing"
        rows = Entry.objects.filter(action="snapshot.restore", result="refused").order_by("sequence")
        assert [(row.code, row.target) for row in rows] == [
            ("name_mismatch", str(point.pk)),
            ("reason_missing", str(point.pk)),
        ]

    def test_the_confirmation_is_for_this_point_alone(self, desk, clock):
        point, other = made_point(desk, clock), made_point(desk, clock, 2)
        confirmation = sign_point(desk, other, members_of(desk, other))
        assert refused(lambda: restore_many(desk, point, confirmation)) == "confirmation_invalid"

    def test_a_choice_is_needed_for_each_server(self, desk, clock):
        point = made_point(desk, clock)
        first = members_of(desk, point)[0][0].server_id
        assert refused(lambda: restore_many(desk, point, choices={first: ""})) == "room_missing"

    def test_a_server_that_is_left_as_it_is_has_no_step(self, desk, clock):
        point = made_point(desk, clock)
        ids = [view.server_id for view, _snapshot in members_of(desk, point)]
        job = restore_many(desk, point, choices={ids[0]: batch_plans.SKIP})
        assert {step.server_id for step in job.steps.all()} == set(ids[1:])
        skip_all = dict.fromkeys(ids, batch_plans.SKIP)
        assert refused(lambda: restore_many(desk, point, choices=skip_all)) == "nothing_selected"

    def test_without_a_safety_snapshot_it_is_restored_at_once(self, desk, clock):
        point = made_point(desk, clock)
        first = members_of(desk, point)[0][0].server_id
        job = restore_many(desk, point, choices={first: batch_plans.WITHOUT})
        assert [step.action for step in job.steps.filter(server_id=first)] == [Action.RESTORE]

    def test_on_a_full_server_the_chosen_snapshot_makes_room(self, desk, clock):
        point = made_point(desk, clock)
        full = members_of(desk, point)[0][0]
        take_last_places(full)
        view, target = members_of(desk, point)[0]
        goes = next(one for one in view.snapshots if one.id != target.id)
        assert view.is_full
        job = restore_many(desk, point, choices={view.server_id: room_key(goes)})
        steps = job.steps.filter(server_id=view.server_id).order_by("position")
        assert [(step.action, step.at_once) for step in steps] == [
            (Action.DELETE, True),
            (Action.CREATE, False),
            (Action.RESTORE, False),
        ]
        assert run_to_end(job, desk, clock).state == JobState.COMPLETED
        assert not SandboxSnapshot.objects.filter(pk=goes.id).exists()

    @pytest.mark.parametrize(
        ("choice", "code"),
        [
            (batch_plans.TAKE, "limit_reached"),
            ("target", "room_is_needed"),
            ("99999999:abc", "snapshot_gone"),
            ("nonsense", "room_missing"),
        ],
    )
    def test_a_full_server_without_room_is_left_as_it_is_and_the_others_go_back(
        self, desk, clock, choice, code
    ):
        point = made_point(desk, clock)
        take_last_places(members_of(desk, point)[0][0])
        view, target = members_of(desk, point)[0]
        chosen = room_key(target) if choice == "target" else choice
        job = restore_many(desk, point, choices={view.server_id: chosen})
        assert [step.code for step in job.steps.filter(server_id=view.server_id)] == [code]
        job = run_to_end(job, desk, clock)
        assert outcomes_of(job) == [Outcome.FAILED, Outcome.COMPLETED, Outcome.COMPLETED]
        assert not Operation.objects.filter(server_id=view.server_id, action=Action.RESTORE).exists()

    def test_a_safety_snapshot_that_fails_leaves_out_its_own_restore_alone(self, desk, clock):
        point = made_point(desk, clock)
        job = restore_many(desk, point)
        take_last_places(members_of(desk, point)[1][0])
        job = run_to_end(job, desk, clock)
        assert states(job)[2:4] == [StepState.FAILED, StepState.LEFT_OUT]
        assert outcomes_of(job) == [Outcome.COMPLETED, Outcome.LEFT_OUT, Outcome.COMPLETED]
        assert [one.step.lane for one in to_try_again([job])] == [1]

    def test_a_snapshot_that_changed_and_a_server_with_another_name_do_not_go_back(self, desk, clock):
        point = made_point(desk, clock)
        members = members_of(desk, point)
        confirmation = sign_point(desk, point, members)
        SandboxSnapshot.objects.filter(pk=members[0][1].id).update(description="another one now")
        Server.objects.filter(pk=members[1][0].server_id).update(name="other-name")
        job = restore_many(desk, point, confirmation)
        assert codes_of(job)[0] == "snapshot_changed"
        assert codes_of(job)[1] in {"server_renamed", "snapshot_changed"}

    def test_a_server_renamed_since_the_page_does_not_go_back(self, desk, clock):
        point = made_point(desk, clock)
        items = [item_of(view, one) for view, one in members_of(desk, point)]
        items[1] = replace(items[1], server_name="shown-otherwise")
        confirmation = sign(desk, Kind.RESTORE_MANY, items, point_id=str(point.pk))
        assert codes_of(restore_many(desk, point, confirmation))[1] == "server_renamed"

    def test_a_lost_answer_is_unknown_and_its_server_alone_is_not_tried_again(
        self, far_desk, http_sandbox, clock
    ):
        point = made_point(far_desk, clock)
        ids = [view.server_id for view, _snapshot in members_of(far_desk, point)]
        job = restore_many(far_desk, point, choices=dict.fromkeys(ids, batch_plans.WITHOUT))
        engine.advance(job.pk, seconds=0)
        http_sandbox.misbehave("reset_before", method="POST")
        engine.advance(job.pk, seconds=0)
        engine.advance(job.pk, seconds=0)
        assert outcomes_of(job)[1] == Outcome.UNKNOWN
        job = run_to_end(job, far_desk, clock)
        assert outcomes_of(job) == [Outcome.COMPLETED, Outcome.UNKNOWN, Outcome.COMPLETED]
        assert to_try_again([job]) == []

    def test_a_server_that_another_restore_holds_does_not_go_back(self, desk, clock):
        point = made_point(desk, clock)
        members = members_of(desk, point)
        confirmation = sign_point(desk, point, members)
        desk.restore(*members[0])
        assert codes_of(restore_many(desk, point, confirmation)) == ["server_held", "", ""]


class TestWhatIsLeftOfAPoint:
    def test_a_listed_snapshot_exists_and_a_missing_one_is_gone(self, desk, clock):
        point = made_point(desk, clock)
        SandboxSnapshot.objects.filter(pk=members_of(desk, point)[1][1].id).delete()
        reading = read_and_reconcile(desk.token, fresh=True)
        made = restore_points([point], Job.objects.all())[0].made
        shown = [still_exists(one, {desk.token.fingerprint: reading}) for one in made]
        assert shown == [True, False, True]

    def test_without_a_whole_and_fresh_list_it_is_not_known(self, desk, clock):
        point = made_point(desk, clock)
        member = restore_points([point], Job.objects.all())[0].made[0]
        SandboxSnapshot.objects.filter(pk=member.snapshot_id).delete()
        reading = read_and_reconcile(desk.token, fresh=True)
        for doubtful in (replace(reading, cut_by="deadline"), replace(reading, error="unreachable")):
            assert still_exists(member, {desk.token.fingerprint: doubtful}) is None
        assert still_exists(member, {"another": reading}) is None
        assert still_exists(member, {}) is None

    def test_a_snapshot_that_is_still_being_created_is_not_made_yet(self, desk):
        job = create_many(desk, roomy(desk))
        engine.advance(job.pk)
        point = restore_points([job], Job.objects.all())[0]
        assert all(one.snapshot_id for one in point.members)
        assert point.made == []

    def test_a_failed_creation_is_no_part_of_it(self, desk, clock):
        point = restore_points([failed_at(desk, clock)], Job.objects.all())[0]
        assert len(point.members) == 5
        assert len(point.made) == 4

    def test_deletes_and_single_restores_make_no_restore_point(self, desk, clock):
        run_to_end(delete_many(desk, chosen_snapshots(desk)), desk, clock)
        point = made_point(desk, clock)
        restore_many(desk, point)
        assert list(first_jobs(Job.objects.all())) == [point]
