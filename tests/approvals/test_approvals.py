"""Approvals: what a policy, a lock or a freeze forbids begins once other people approve exactly that, and in no other way."""

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from snapshots.approvals import deciding
from snapshots.approvals.models import ApprovalRequest, Kind, State
from snapshots.approvals.queries import begun_of
from snapshots.audit.models import Entry
from snapshots.deletions.models import PlannedDeletion
from snapshots.jobs.models import Job
from snapshots.operations import server_locks
from snapshots.operations.models import Action, Operation
from snapshots.sandbox.models import Snapshot as SandboxSnapshot
from tests.support.desk import make_desk
from tests.support.freezes import freeze
from tests.support.policies import actor, approve, only, place, wish
from tests.support.refusals import refused

pytestmark = pytest.mark.django_db
HOUR = 3600
KINDS = (Kind.RESTORE, Kind.SAFE_RESTORE, Kind.DELETE)


class TestAsking:
    @pytest.mark.parametrize("kind", KINDS)
    def test_nothing_is_sent_and_a_request_is_made(self, cast, desk, view, kind):
        place(cast.ada, view)
        asked = wish(desk, view, kind)()
        assert isinstance(asked, ApprovalRequest)
        assert (asked.state, asked.needed, asked.person_id) == (State.WAITING, 1, desk.user.pk)
        assert not Operation.objects.exists()
        assert not Job.objects.exists()
        row = Entry.objects.get(action="approval.request")
        assert (row.reason, row.server_id, row.target) == (
            "the upgrade went wrong",
            view.server_id,
            str(asked.pk),
        )

    def test_a_form_that_is_sent_twice_is_one_request(self, cast, desk, view):
        place(cast.ada, view)
        confirmation = desk.confirm(Action.RESTORE, view, desk.snapshot(view))
        first, second = (wish(desk, view, confirmation=confirmation)() for _ in range(2))
        assert first == second == only()

    def test_other_servers_and_other_actions_need_none(self, cast, desk, view):
        other = next(one for one in desk.views() if one.snapshots and one.server_id != view.server_id)
        place(cast.ada, other)
        place(cast.ada, view, actions=[Action.DELETE])
        assert isinstance(wish(desk, view)(), Operation)

    @pytest.mark.parametrize(
        ("more", "code"), [({"typed_name": "another"}, "name_mismatch"), ({"reason": " "}, "reason_missing")]
    )
    def test_what_could_not_be_done_is_no_request(self, cast, desk, view, more, code):
        place(cast.ada, view)
        assert refused(wish(desk, view, **more)) == code
        assert not ApprovalRequest.objects.exists()

    def test_a_lock_or_a_freeze_is_a_request_only_for_whoever_wants_that(self, desk, view):
        freeze(desk)
        assert refused(wish(desk, view)) == "frozen"
        assert wish(desk, view, asks=True)().lifts == ["approval_needed", "frozen", "server_locked"]

    @pytest.mark.parametrize("kind", KINDS)
    def test_the_operations_themselves_refuse_in_every_channel(self, cast, desk, view, kind):
        place(cast.ada, view)
        act = desk.delete if kind == Kind.DELETE else desk.restore
        assert refused(lambda: act(view, desk.snapshot(view))) == "approval_needed"
        assert not Operation.objects.exists()

    def test_a_deletion_is_not_planned_for_a_date_instead(self, cast, desk, view):
        from snapshots.deletions import keeping
        from tests.support.deletions import target_of

        place(cast.ada, view)
        tomorrow = (timezone.now() + timedelta(days=1)).date()
        plan = partial(keeping.set_keep_until, actor=desk.actor, target=target_of(desk, view), until=tomorrow)
        assert refused(plan) == "approval_needed"
        assert not PlannedDeletion.objects.exists()


class TestApproving:
    def test_it_begins_in_the_name_of_whoever_asked_and_the_log_says_who_approved(
        self, cast, desk, view, max_
    ):
        place(cast.ada, view)
        asked = wish(desk, view)()
        approve(max_, asked)()
        operation = Operation.objects.get()
        assert (operation.actor_id, operation.reason) == (desk.user.pk, "the upgrade went wrong")
        assert (only().state, begun_of(only())) == (State.BEGUN, operation)
        intent = Entry.objects.get(operation_id=operation.pk, phase="intent")
        assert intent.evidence == f"approved by person {max_.pk}; request {asked.pk}"
        assert Entry.objects.get(action="approval.approve").actor_id == max_.pk

    @pytest.mark.parametrize("block", ["lock", "freeze"])
    def test_a_lock_or_a_freeze_holds_for_all_others_meanwhile(self, cast, desk, view, max_, block):
        if block == "lock":
            server_locks.place(actor=desk.actor, server_id=view.server_id, server_name=view.name, reason="r")
        else:
            freeze(desk)
        asked = wish(desk, view, asks=True)()
        approve(max_, asked)()
        assert Operation.objects.get().action == Action.RESTORE
        Operation.objects.update(state="completed")
        assert refused(lambda: desk.restore(view, desk.snapshot(view))) in {"server_locked", "frozen"}

    def test_all_steps_of_a_restore_with_a_safety_snapshot_are_approved(
        self, cast, desk, view, max_, settings
    ):
        place(cast.ada, view)
        approve(max_, wish(desk, view, Kind.SAFE_RESTORE)())()
        job = Job.objects.get()
        assert job.approval["text"].startswith(f"approved by person {max_.pk}")
        assert begun_of(only()) == job
        assert Operation.objects.get().action == Action.CREATE
        from snapshots.jobs import engine

        SandboxSnapshot.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
        for _ in range(3):
            desk.views()
            engine.advance_now(job.pk)
        assert Operation.objects.filter(action=Action.RESTORE).exists()

    def test_a_deletion_with_a_grace_time_waits_after_its_approval_and_is_then_sent(
        self, cast, desk, view, max_, settings, clock
    ):
        from tests.support.deletions import run_at

        settings.SNAPPORTAL_DELETE_GRACE_DAYS = 1
        place(cast.ada, view)
        approve(max_, wish(desk, view, Kind.DELETE)())()
        planned = PlannedDeletion.objects.get()
        assert not Operation.objects.exists()
        run_at(clock, planned.due_at + timedelta(seconds=1))
        assert Operation.objects.get().action == Action.DELETE

    def test_two_people_have_to_where_two_are_needed(self, cast, desk, view, max_):
        place(cast.ada, view, needed=2)
        asked = wish(desk, view)()
        approve(max_, asked)()
        assert refused(approve(max_, asked)) == "already_decided"
        assert only().state == State.WAITING
        assert not Operation.objects.exists()
        approve(cast.ada, asked)()
        assert only().state == State.BEGUN

    def test_a_policy_that_came_since_counts_too(self, cast, desk, view, max_):
        place(cast.ada, view)
        asked = wish(desk, view)()
        place(cast.ada, view, name="Stricter", needed=2)
        approve(max_, asked)()
        assert only().state == State.WAITING

    def test_only_chosen_approvers_may(self, cast, desk, view, max_):
        place(cast.ada, view, approvers=[cast.ada.pk])
        asked = wish(desk, view)()
        assert refused(approve(max_, asked)) == "not_an_approver"
        approve(cast.ada, asked)()
        assert only().state == State.BEGUN


class TestBreakingTheGlass:
    def test_an_admin_does_without_and_the_log_says_so(self, cast, desk, view, sandbox):
        of_ada = make_desk(cast.ada, sandbox.token)
        place(cast.ada, view)
        asked = wish(of_ada, of_ada.server(view.name))()
        glass = partial(deciding.break_glass, actor=of_ada.actor, pk=asked.pk)
        assert refused(partial(glass, reason="\u200b")) == "reason_missing"
        glass(reason="the shop is down")
        assert Operation.objects.get().actor_id == cast.ada.pk
        intent = Entry.objects.get(phase="intent")
        assert intent.evidence.startswith(f"glass broken by person {cast.ada.pk}")
        assert Entry.objects.get(action="approval.break_glass").reason == "the shop is down"

    def test_nobody_else_may(self, cast, desk, view, max_):
        place(cast.ada, view)
        asked = wish(desk, view)()
        for person in (desk.user, max_):
            call = partial(deciding.break_glass, actor=actor(person), pk=asked.pk, reason="now")
            assert refused(call) == "not_an_approver"
        assert not Operation.objects.exists()


class TestCarryingOut:
    def test_what_could_not_begin_for_a_passing_reason_is_tried_again(
        self, cast, desk, view, max_, double, clock
    ):
        place(cast.ada, view)
        asked = wish(desk, view)
        from tests.support.double import ask_sandbox, refuse_connections

        double.answer = ask_sandbox
        asked = asked()
        double.answer = refuse_connections
        approve(max_, asked)()
        assert only().state == State.APPROVED
        rows = Entry.objects.count()
        for _ in range(9):
            assert deciding.run_due() == 0
        assert Entry.objects.count() == rows, "each try is a row: it pauses"
        double.answer = ask_sandbox
        clock.shift(61)
        assert deciding.run_due() == 1
        assert only().state == State.BEGUN
        assert Operation.objects.count() == 1

    def test_what_has_begun_is_not_begun_again(self, cast, desk, view, max_):
        place(cast.ada, view)
        asked = wish(desk, view)()
        approve(max_, asked)()
        deciding.carry_out(only())
        assert deciding.run_due() == 0
        assert Operation.objects.count() == 1
        assert only().state == State.BEGUN
