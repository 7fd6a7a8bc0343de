"""An approval is for exactly what was confirmed: all that is done, against what forbade it then, and nothing that came later."""

from datetime import timedelta
from functools import partial

import pytest
from django.urls import reverse
from django.utils import timezone

from snapportal.accounts.models import Role, User
from snapportal.accounts.team_models import Team
from snapshots.approvals import deciding
from snapshots.approvals.models import ApprovalRequest, Kind, State
from snapshots.deletions.models import PlannedDeletion
from snapshots.jobs import engine
from snapshots.jobs.models import Job
from snapshots.jobs.room import NO_NEED, needs_in, room_key
from snapshots.operations import server_locks
from snapshots.operations.models import Action, Operation
from snapshots.sandbox.models import Snapshot as SandboxSnapshot
from tests.support.deletions import run_at
from tests.support.desk import make_desk
from tests.support.freezes import freeze
from tests.support.pages import text_of
from tests.support.policies import actor, approve, only, place, wish
from tests.support.refusals import refused
from tests.support.teams import make_team

pytestmark = pytest.mark.django_db
FULL = "db-server-01"


def lock(desk, view, **more) -> None:
    server_locks.place(
        actor=desk.actor, server_id=view.server_id, server_name=view.name, reason="forensics", **more
    )


class TestARestoreThatMakesRoom:
    @pytest.fixture
    def view(self, desk):
        return desk.server(FULL)

    @pytest.fixture
    def victim(self, view):
        return view.snapshots[-1]

    @pytest.fixture
    def asked(self, desk, view, victim):
        room = room_key(victim, needs_in([view]).get(victim.id, NO_NEED))
        return wish(desk, view, Kind.SAFE_RESTORE, snapshot=view.snapshots[0], make_room=room)

    def test_takes_what_a_policy_about_deletions_asks_for(self, cast, desk, view, max_, asked, signed_in):
        place(cast.ada, view, actions=[Action.DELETE], needed=2, approvers=[cast.ada.pk, max_.pk], hours=1)
        url = reverse("snapshot_restore", args=[desk.token.pk, view.snapshots[0].id])
        assert "2 other people have to approve this" in text_of(signed_in(desk.user).get(url))
        asked = asked()
        assert (asked.needed, asked.expires_at - asked.created_at < timedelta(hours=1, minutes=1)) == (
            2,
            True,
        )
        other = User.objects.create_user(
            username="moe", password=None, name="Moe", role=Role.MANAGER, rights_since=max_.rights_since
        )
        assert refused(approve(other, asked)) == "not_an_approver"
        approve(max_, asked)()
        assert not Operation.objects.exists()
        approve(cast.ada, asked)()
        assert Operation.objects.get().action == Action.DELETE

    def test_the_page_shows_what_is_deleted_first(self, cast, desk, view, victim, asked, signed_in, sandbox):
        place(cast.ada, view)
        asked = asked()
        make_desk(cast.ada, sandbox.token).views()
        page = text_of(signed_in(cast.ada).get(reverse("request_detail", args=[asked.pk])))
        assert f"{victim.name} (ID {victim.id})" in page


class TestWhatCameLater:
    @pytest.mark.parametrize("anyway", [True, False])
    def test_a_lock_placed_after_the_request_holds(self, cast, desk, view, max_, anyway):
        place(cast.ada, view)
        asked = wish(desk, view, asks=anyway)()
        lock(desk, view)
        approve(max_, asked)()
        assert (only().state, only().code) == (State.VOID, "server_locked")
        assert not Operation.objects.exists()

    def test_a_freeze_too(self, cast, desk, view, max_):
        place(cast.ada, view)
        asked = wish(desk, view)()
        freeze(desk)
        approve(max_, asked)()
        assert (only().state, only().code) == (State.VOID, "frozen")

    def test_a_lock_that_was_there_is_lifted_only_for_whoever_asked_for_that(self, cast, desk, view, max_):
        place(cast.ada, view)
        lock(desk, view)
        assert refused(wish(desk, view)) == "server_locked"
        approve(max_, wish(desk, view, asks=True)())()
        assert Operation.objects.get().action == Action.RESTORE

    def test_later_steps_of_a_job_that_runs_obey_a_new_lock(self, cast, desk, view, max_):
        place(cast.ada, view)
        approve(max_, wish(desk, view, Kind.SAFE_RESTORE)())()
        lock(desk, view)
        SandboxSnapshot.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
        for _ in range(3):
            desk.views()
            engine.advance_now(Job.objects.get().pk)
        assert not Operation.objects.filter(action=Action.RESTORE).exists()
        assert Job.objects.get().state == "stopped"

    @pytest.mark.parametrize("what", ["lock", "policy"])
    def test_a_deletion_that_waits_obeys_a_new_lock_and_a_new_policy(
        self, cast, desk, view, max_, settings, clock, what
    ):
        settings.SNAPPORTAL_DELETE_GRACE_DAYS = 1
        place(cast.ada, view)
        approve(max_, wish(desk, view, Kind.DELETE)())()
        planned = PlannedDeletion.objects.get()
        clock.shift(60)
        if what == "lock":
            lock(desk, view, covers_deletes=True)
        else:
            place(cast.ada, view, name="Two", needed=2)
        run_at(clock, planned.due_at + timedelta(seconds=1))
        assert PlannedDeletion.objects.get().state == "refused"
        assert not Operation.objects.exists()


class TestPeople:
    def test_two_accounts_of_one_address_are_one_approver(self, cast, desk, view, max_):
        place(cast.ada, view, needed=2)
        User.objects.filter(pk=max_.pk).update(email=cast.ada.email.upper())
        asked = wish(desk, view)()
        approve(User.objects.get(pk=max_.pk), asked)()
        approve(cast.ada, asked)()
        assert only().state == State.WAITING

    def test_an_asker_whose_team_was_widened_today_gets_nothing_approved(self, cast, desk, view, max_):
        long_ago = desk.user.rights_since
        User.objects.filter(pk=desk.user.pk).update(role=Role.VIEWER)
        team = make_team(members=[desk.user])
        User.objects.filter(pk=desk.user.pk).update(rights_since=long_ago)
        place(cast.ada, view)
        asked = wish(desk, view)()
        assert refused(approve(max_, asked)) == "asker_too_new"
        Team.objects.filter(pk=team.pk).update(changed_at=long_ago)
        approve(max_, asked)()
        assert only().state == State.BEGUN

    def test_what_is_not_to_be_trusted_is_denied_by_anybody_who_may_do_it(self, cast, desk, view, max_):
        place(cast.ada, view, approvers=[cast.ada.pk])
        User.objects.filter(pk=desk.user.pk).update(rights_since=timezone.now())
        asked = wish(desk, view)()
        deciding.deny(actor=actor(max_), pk=asked.pk, reason="who is that?")
        assert only().state == State.DENIED

    def test_an_admin_who_has_approved_can_still_break_the_glass(self, cast, desk, view):
        place(cast.ada, view, needed=2)
        asked = wish(desk, view)()
        approve(cast.ada, asked)()
        deciding.break_glass(actor=actor(cast.ada), pk=asked.pk, reason="the shop is down")
        assert only().state == State.BEGUN


class TestApprovedAndNotBegun:
    @pytest.fixture
    def asked(self, cast, desk, view, max_, double):
        from tests.support.double import ask_sandbox, refuse_connections

        double.answer = ask_sandbox
        place(cast.ada, view)
        asked = wish(desk, view)()
        double.answer = refuse_connections
        approve(max_, asked)()
        double.answer = ask_sandbox
        assert only().state == State.APPROVED
        return asked

    @pytest.mark.parametrize("how", ["withdraw", "deny"])
    def test_it_can_be_stopped(self, cast, desk, asked, clock, how):
        if how == "withdraw":
            deciding.withdraw(actor=desk.actor, pk=asked.pk)
        else:
            deciding.deny(actor=actor(cast.ada), pk=asked.pk, reason="too late now")
        clock.shift(600)
        deciding.run_due()
        assert not Operation.objects.exists()

    def test_the_page_says_so(self, desk, asked, signed_in):
        page = text_of(signed_in(desk.user).get(reverse("request_detail", args=[asked.pk])))
        assert "It is approved, and could not begin yet" in page
        assert "Withdraw the request" in page

    def test_one_that_fails_because_of_a_defect_does_not_stop_the_others(
        self, cast, desk, view, max_, asked, clock
    ):
        other = ApprovalRequest.objects.get()
        other.pk, other.form_key, other.arguments = None, "broken", {"no_such_argument": 1}
        other._state.adding = True
        other.created_at -= timedelta(seconds=1)
        from uuid import uuid4

        other.pk = uuid4()
        other.save(force_insert=True)
        for one in asked.decisions.all():
            one.pk, one.request = None, other
            one.save(force_insert=True)
        clock.shift(600)
        deciding.run_due()
        assert ApprovalRequest.objects.get(pk=asked.pk).state == State.BEGUN
        assert ApprovalRequest.objects.get(pk=other.pk).state == State.APPROVED


def test_an_override_of_a_running_restore_is_kept(cast, desk, max_):
    view = desk.server(FULL)
    first, second = [one for one in view.snapshots if one.is_completed][:2]
    desk.restore(view, first)
    place(cast.ada, view)
    view = desk.server(view.name)
    asked = partial(wish, desk, view, Kind.DELETE, snapshot=second)
    approve(max_, asked(override_reason="it hangs")())()
    assert Operation.objects.filter(action=Action.DELETE).count() == 1


def test_a_request_that_waits_is_listed_however_many_were_decided_since(cast, desk, view, signed_in):
    place(cast.ada, view)
    first = wish(desk, view)()
    for number in range(51):
        one = ApprovalRequest.objects.get(pk=first.pk)
        ApprovalRequest.objects.filter(pk=first.pk).update(created_at=first.created_at - timedelta(hours=1))
        from uuid import uuid4

        one.pk, one.form_key, one.state = uuid4(), f"other {number}", State.WITHDRAWN
        one.save(force_insert=True)
    assert (
        reverse("request_detail", args=[first.pk]) in signed_in(desk.user).get(reverse("request_list")).text
    )
