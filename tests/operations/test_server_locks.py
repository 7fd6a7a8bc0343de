"""Locks of servers: nothing is restored over a locked server, in any channel, and nobody lifts a lock alone and at once."""

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from snapportal.accounts.models import Role, User
from snapportal.accounts.team_models import Team
from snapshots.audit.models import Entry
from snapshots.deletions import keeping
from snapshots.deletions.models import PlannedDeletion
from snapshots.deletions.service import request_delete
from snapshots.operations import server_locks, service
from snapshots.operations.guarded_models import ServerLock
from snapshots.operations.models import Action, Operation
from snapshots.operations.protection import Target
from tests.support.api import script_of
from tests.support.desk import Desk, make_desk
from tests.support.refusals import refused
from tests.support.teams import make_team

pytestmark = pytest.mark.django_db


@pytest.fixture
def view(desk):
    return desk.server()


@pytest.fixture
def colleague(cast, sandbox) -> Desk:
    return make_desk(cast.ada, sandbox.token)


def lock(desk: Desk, view, **more) -> ServerLock:
    return server_locks.place(
        actor=desk.actor, server_id=view.server_id, server_name=view.name, reason="month's end", **more
    )


def ask(desk: Desk, view) -> ServerLock:
    return server_locks.ask_to_lift(actor=desk.actor, server_id=view.server_id, reason="it is over")


def restore(desk: Desk, view):
    return lambda: desk.restore(view, desk.snapshot(view))


class TestLocked:
    def test_nothing_is_restored_over_it_and_the_refusal_is_recorded(self, desk, view):
        lock(desk, view)
        assert refused(restore(desk, view)) == "server_locked"
        assert not Operation.objects.exists()
        row = Entry.objects.latest("sequence")
        assert (row.action, row.result, row.code) == ("snapshot.restore", "refused", "server_locked")

    def test_snapshots_are_still_created_and_deleted(self, desk, view):
        lock(desk, view)
        desk.create(view)
        desk.delete(view, desk.snapshot(view))
        assert Operation.objects.count() == 2

    def test_with_deletions_covered_nothing_is_deleted_either(self, desk, view, settings):
        lock(desk, view, covers_deletes=True)
        snapshot = desk.snapshot(view)
        assert refused(lambda: desk.delete(view, snapshot)) == "server_locked"
        settings.SNAPPORTAL_DELETE_GRACE_DAYS = 1
        plan = partial(
            request_delete,
            actor=desk.actor,
            token=desk.token,
            confirmation=desk.confirm(Action.DELETE, view, snapshot),
        )
        assert refused(plan) == "server_locked"
        target = Target(desk.token, view.name, snapshot)
        tomorrow = (timezone.now() + timedelta(days=1)).date()
        date = partial(keeping.set_keep_until, actor=desk.actor, target=target, until=tomorrow)
        assert refused(date) == "server_locked"
        assert not Operation.objects.exists()
        assert not PlannedDeletion.objects.exists()

    def test_other_servers_are_not_concerned(self, desk):
        first, second = [one for one in desk.views() if one.snapshots and not one.is_moving][:2]
        lock(desk, first)
        desk.restore(second, desk.snapshot(second))
        assert Operation.objects.get().server_id == second.server_id

    def test_a_lock_placed_while_the_lists_are_read_stops_the_restore(
        self, desk, view, colleague, monkeypatch
    ):
        read_server = service.read_server

        def read_and_lock(*arguments):
            found = read_server(*arguments)
            monkeypatch.setattr(service, "restorable_snapshot", lambda *_a, **_k: desk.snapshot(view))
            lock(colleague, view)
            return found

        monkeypatch.setattr(service, "read_server", read_and_lock)
        assert refused(restore(desk, view)) == "server_locked"
        assert not Operation.objects.exists()

    @pytest.mark.parametrize("path", ["snapshots/{id}/restore/", "jobs/"])
    def test_scripts_are_refused_with_409(self, desk, view, path):
        lock(desk, view)
        snapshot = desk.snapshot(view)
        body = {"kind": "safe_restore", "snapshot_id": snapshot.id} if path == "jobs/" else None
        answer = script_of(desk).post(path.format(id=snapshot.id), body)
        assert (answer.status_code, answer.json()["code"]) == (409, "server_locked")
        assert not Operation.objects.exists()

    def test_it_ends_by_itself(self, desk, view, clock):
        lock(desk, view, until=timezone.now() + timedelta(days=2))
        clock.shift(2 * 86400 - 60)
        assert refused(restore(desk, desk.server(view.name))) == "server_locked"
        clock.shift(61)
        restore(desk, desk.server(view.name))()
        assert lock(desk, view).is_active(timezone.now()), "another one can be placed"


class TestPlacing:
    def test_the_row_says_why_and_what_is_covered(self, desk, view):
        lock(desk, view, covers_deletes=True)
        row = Entry.objects.get(action="server.lock")
        assert (row.server_id, row.reason) == (view.server_id, "month's end")
        assert row.evidence == "restores and deletions, until it is lifted"

    @pytest.mark.parametrize("reason", ["", " ", "\u200b"])
    def test_it_needs_a_reason(self, desk, view, reason):
        place = partial(server_locks.place, actor=desk.actor, server_id=view.server_id, server_name="x")
        assert refused(lambda: place(reason=reason)) == "reason_missing"

    def test_a_lock_that_holds_is_not_replaced_by_a_weaker_one(self, desk, view):
        first = lock(desk, view, covers_deletes=True)
        assert (
            refused(lambda: lock(desk, view, until=timezone.now() + timedelta(minutes=1))) == "already_locked"
        )
        assert ServerLock.objects.get() == first

    def test_an_end_in_the_past_is_refused(self, desk, view):
        assert refused(lambda: lock(desk, view, until=timezone.now())) == "lock_ended"

    @pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.AUDITOR])
    def test_only_who_may_restore_locks_and_lifts(self, desk, view, role):
        lock(desk, view)
        User.objects.update(role=role)
        for call in (
            lambda: ask(desk, view),
            lambda: server_locks.place(actor=desk.actor, server_id=1, server_name="x", reason="r"),
        ):
            assert refused(call) == "not_allowed_any_more"


class TestLifting:
    def test_nobody_lifts_it_alone_and_at_once(self, desk, view):
        lock(desk, view)
        ask(desk, view)
        agree = partial(server_locks.agree_to_lift, actor=desk.actor, server_id=view.server_id)
        assert refused(agree) == "second_person"
        assert refused(restore(desk, view)) == "server_locked"

    def test_a_second_person_lifts_it_at_once(self, desk, view, colleague):
        lock(desk, view)
        ask(desk, view)
        server_locks.agree_to_lift(actor=colleague.actor, server_id=view.server_id)
        desk.restore(view, desk.snapshot(view))
        row = Entry.objects.get(action="server.unlock")
        assert row.evidence == f"asked for by person {desk.user.pk}: “it is over”"

    @pytest.mark.parametrize(("who", "code"), [("asks", "asker_too_new"), ("agrees", "rights_too_new")])
    def test_an_account_of_today_is_no_second_person(self, desk, view, colleague, who, code):
        lock(desk, view)
        ask(desk, view)
        person = desk.user if who == "asks" else colleague.user
        User.objects.filter(pk=person.pk).update(rights_since=timezone.now())
        agree = partial(server_locks.agree_to_lift, actor=colleague.actor, server_id=view.server_id)
        assert refused(agree) == code

    def test_neither_is_one_whose_team_was_widened_today_nor_another_account_of_the_same_address(
        self, desk, view, colleague
    ):
        lock(desk, view)
        ask(desk, view)
        agree = partial(server_locks.agree_to_lift, actor=colleague.actor, server_id=view.server_id)
        long_ago = colleague.user.rights_since
        User.objects.filter(pk=colleague.user.pk).update(role=Role.VIEWER)
        team = make_team(members=[colleague.user])
        User.objects.filter(pk=colleague.user.pk).update(rights_since=long_ago)
        assert refused(agree) == "rights_too_new"
        Team.objects.filter(pk=team.pk).update(changed_at=long_ago)
        User.objects.filter(pk=colleague.user.pk).update(email=desk.user.email.upper())
        assert refused(agree) == "second_person"

    def test_it_lifts_after_the_delay(self, desk, view, clock):
        lock(desk, view)
        ask(desk, view)
        clock.shift(24 * 3600 - 60)
        assert refused(restore(desk, desk.server(view.name))) == "server_locked"
        clock.shift(61)
        restore(desk, desk.server(view.name))()

    def test_anybody_who_may_restore_calls_that_back(self, desk, view, colleague, clock):
        lock(desk, view)
        ask(desk, view)
        server_locks.keep(actor=colleague.actor, server_id=view.server_id)
        clock.shift(48 * 3600)
        assert refused(restore(desk, desk.server(view.name))) == "server_locked"
        ask(desk, view)

    def test_asking_again_does_not_bring_the_end_nearer_nor_move_it(self, desk, view, colleague):
        lock(desk, view)
        due_at = ask(desk, view).lift_due_at
        assert refused(lambda: ask(colleague, view)) == "lift_asked"
        assert ServerLock.objects.get().lift_due_at == due_at

    def test_nobody_agrees_to_what_was_not_asked(self, desk, view, colleague):
        agree = partial(server_locks.agree_to_lift, actor=colleague.actor, server_id=view.server_id)
        assert refused(agree) == "not_locked"
        lock(desk, view)
        assert refused(agree) == "lift_not_asked"
        keep = partial(server_locks.keep, actor=colleague.actor, server_id=view.server_id)
        assert refused(keep) == "lift_not_asked"

    def test_whoever_lost_the_right_meanwhile_does_not_agree(self, desk, view, colleague):
        lock(desk, view)
        ask(desk, view)
        User.objects.filter(pk=colleague.user.pk).update(role=Role.VIEWER)
        agree = partial(server_locks.agree_to_lift, actor=colleague.actor, server_id=view.server_id)
        assert refused(agree) == "not_allowed_any_more"
        assert refused(restore(desk, view)) == "server_locked"
