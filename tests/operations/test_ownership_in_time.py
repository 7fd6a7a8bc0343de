"""What an owner has planned or asked for is checked again when it is sent, and what a schedule made goes on being rotated."""

from functools import partial

import pytest
from django.utils import timezone

from snapportal.accounts.models import User
from snapshots.approvals.models import ApprovalRequest, Kind
from snapshots.approvals.models import State as RequestState
from snapshots.deletions import due
from snapshots.deletions.models import State as DeletionState
from snapshots.deletions.service import request_delete
from snapshots.jobs import engine
from snapshots.jobs.models import StepState
from snapshots.operations.confirmation import Authorization, Confirmation, snapshot_fingerprint
from snapshots.operations.models import Action, Ownership, State
from tests.support.batches import delete_many
from tests.support.deletions import deletes_of, exists, plan
from tests.support.ownership import foreign, give
from tests.support.policies import approve, place, wish
from tests.support.refusals import refused
from tests.support.schedules import define, finish, next_hour

pytestmark = pytest.mark.django_db
SEE_AND_DELETE = ["snapshots.see", "snapshots.delete"]


class TestBetweenPlanningAndSending:
    @pytest.mark.parametrize("change", ["role", "owner", "inactive"])
    def test_nothing_is_sent_when_the_right_or_the_snapshot_is_lost(
        self, cast, desk, omar, own, settings, clock, change
    ):
        settings.SNAPPORTAL_DELETE_GRACE_DAYS = 1
        view, snapshot = own
        planned = plan(omar, view, snapshot)
        if change == "owner":
            give(desk, view, snapshot, desk.user)
        else:
            changes = {"role": {"role": "viewer"}, "inactive": {"is_active": False}}[change]
            User.objects.filter(pk=omar.user.pk).update(**changes)
        clock.move_to(planned.due_at)
        assert due.run_due() == 1
        planned.refresh_from_db()
        code = "not_own_snapshot" if change == "owner" else "not_allowed_any_more"
        assert (planned.state, planned.code) == (DeletionState.REFUSED, code)
        assert exists(snapshot.id)
        assert not deletes_of(snapshot.id)

    def test_nor_when_it_is_handed_over_while_the_lists_are_read(self, desk, omar, own, monkeypatch):
        from snapshots.operations import service

        view, snapshot = own
        read_server = service.read_server

        def read_and_lose(*arguments):
            give(desk, view, snapshot, desk.user)
            return read_server(*arguments)

        monkeypatch.setattr(service, "read_server", read_and_lose)
        assert refused(lambda: omar.delete(view, snapshot)) == "not_own_snapshot"
        assert not deletes_of(snapshot.id)

    def test_nor_by_a_job_that_began_before(self, desk, omar, own):
        view, snapshot = own
        job = delete_many(omar, [(view, snapshot)])
        give(desk, view, snapshot, desk.user)
        engine.advance_all()
        step = job.steps.get()
        assert (step.state, step.code) == (StepState.FAILED, "not_own_snapshot")
        assert exists(snapshot.id)


class TestApproval:
    @pytest.fixture(autouse=True)
    def policy(self, cast, own):
        return place(cast.ada, own[0])

    def test_an_owner_asks_and_whoever_may_delete_everything_approves(self, desk, omar, own):
        view, snapshot = own
        asked = wish(omar, view, Kind.DELETE, snapshot=snapshot)()
        assert isinstance(asked, ApprovalRequest)
        approve(desk.user, asked)()
        asked.refresh_from_db()
        assert asked.state == RequestState.BEGUN
        assert not exists(snapshot.id)

    def test_another_operator_does_not_approve(self, omar, own):
        asked = wish(omar, own[0], Kind.DELETE, snapshot=own[1])()
        fields = {"username": "otto", "password": None, "name": "Otto", "role": "operator"}
        otto = User.objects.create_user(**fields, rights_since=omar.user.rights_since)
        assert refused(approve(otto, asked)) == "not_an_approver"

    def test_nobody_asks_for_what_is_not_their_own(self, omar, own):
        assert refused(wish(omar, own[0], Kind.DELETE, snapshot=foreign(own[0]))) == "not_own_snapshot"
        assert not ApprovalRequest.objects.exists()

    def test_a_handover_after_asking_ends_it(self, cast, desk, omar, own):
        view, snapshot = own
        asked = wish(omar, view, Kind.DELETE, snapshot=snapshot)()
        give(desk, view, snapshot, desk.user)
        assert refused(approve(desk.user, asked)) == "asker_lost_right"
        assert exists(snapshot.id)

    def test_nor_is_asked_for_what_is_handed_over_while_it_is_checked(self, desk, omar, own, monkeypatch):
        from snapshots.approvals import of_snapshots

        view, snapshot = own
        check_unprotected = of_snapshots.check_unprotected

        def check_and_lose(**arguments):
            give(desk, view, snapshot, desk.user)
            check_unprotected(**arguments)

        monkeypatch.setattr(of_snapshots, "check_unprotected", check_and_lose)
        assert refused(wish(omar, view, Kind.DELETE, snapshot=snapshot)) == "not_own_snapshot"
        assert not ApprovalRequest.objects.exists()

    def test_an_account_of_today_asks_for_nothing_with_what_it_was_given(self, desk, omar, own):
        asked = wish(omar, own[0], Kind.DELETE, snapshot=own[1])()
        User.objects.filter(pk=omar.user.pk).update(rights_since=timezone.now())
        assert refused(approve(desk.user, asked)) == "asker_too_new"


@pytest.mark.parametrize("days", [0, 2])
def test_a_schedule_deletes_with_the_full_right_alone(omar, own, settings, days):
    settings.SNAPPORTAL_DELETE_GRACE_DAYS = days
    view, snapshot = own
    confirmed = Confirmation(
        idempotency_key="run",
        actor_id=omar.user.pk,
        action=Action.DELETE,
        token_id=omar.token.pk,
        server_id=view.server_id,
        snapshot_id=snapshot.id,
        fingerprint=snapshot_fingerprint(snapshot),
    )
    by_schedule = Authorization(confirmed, lambda: None, of_schedule=True)
    act = partial(request_delete, actor=omar.actor, token=omar.token, confirmation=by_schedule)
    assert refused(act) == "not_allowed_any_more"


class TestSchedules:
    pytestmark = pytest.mark.django_db(transaction=True)

    def test_what_a_schedule_made_is_its_owners_and_goes_on_being_rotated(self, cast, desk, omar, clock):
        view = desk.server()
        schedule = define(desk, servers=((view.server_id, view.name),))
        clock.move_to(next_hour())
        finish(desk, clock)
        made = Ownership.objects.get()
        assert made.person_id == schedule.owner_id == desk.user.pk
        snapshot = next(one for one in desk.server(view.name).snapshots if one.id == made.snapshot_id)
        omar.views()
        give(desk, desk.server(view.name), snapshot, omar.user)
        User.objects.filter(pk=desk.user.pk).update(role="operator")
        seen = omar.server(view.name)
        assert omar.delete(seen, snapshot).state == State.ACCEPTED

    def test_a_schedule_deletes_what_it_made_also_when_that_belongs_to_somebody_else(
        self, cast, desk, omar, clock
    ):
        view = desk.server()
        from snapshots.schedules.retention import Keep

        define(desk, servers=((view.server_id, view.name),), keep=Keep(last=1))
        clock.move_to(next_hour())
        finish(desk, clock)
        first = Ownership.objects.get()
        omar.views()
        shown = desk.server(view.name)
        give(desk, shown, next(one for one in shown.snapshots if one.id == first.snapshot_id), omar.user)
        clock.move_to(next_hour())
        finish(desk, clock)
        assert not exists(first.snapshot_id)
