"""Who owns a snapshot and has the role that allows to delete it for a while: what is one's own and what is lent, together."""

from datetime import date, timedelta
from functools import partial

import pytest
from django.utils import timezone

from snapportal.accounts.temporary_roles import service
from snapshots.approvals.models import ApprovalRequest, State
from snapshots.approvals.models import Kind as RequestKind
from snapshots.audit.models import Entry
from snapshots.deletions import due, keeping
from snapshots.deletions.models import State as DeletionState
from snapshots.jobs import engine
from snapshots.jobs.models import StepState
from snapshots.operations.models import Operation
from snapshots.operations.ownership import check_may_still_delete
from snapshots.operations.rights import Borrowed
from tests.support.batches import delete_many
from tests.support.deletions import exists, plan, target_of
from tests.support.desk import make_desk
from tests.support.limits import CREATE, limit
from tests.support.ownership import foreign, give, make_own, own_as_is, owner_id
from tests.support.policies import actor, approve, place, wish
from tests.support.refusals import refused
from tests.support.temporary_roles import lend

pytestmark = pytest.mark.django_db
HOUR = 3600


@pytest.fixture
def lent(cast, vera, view):
    """Vera is an operator of the server for one hour."""
    return lend(cast.vera, view, by=cast.mia, role="operator", hours=1)


@pytest.fixture
def own(vera, view, lent):
    """What she has made meanwhile."""
    return make_own(vera, view)


def end_early(cast, lent) -> None:
    service.end_now(actor=actor(cast.mia), pk=lent.pk, reason="Not needed any more")


def let_it_end(clock) -> None:
    clock.shift(HOUR)
    service.write_down_ends()


class TestOneDeletion:
    def test_of_the_own_snapshot_is_marked(self, vera, own, lent):
        operation = vera.delete(*own)
        assert lent.note in Entry.objects.get(operation_id=operation.pk, phase="intent").evidence
        assert not exists(own[1].id)

    def test_of_another_snapshot_is_refused(self, vera, own):
        assert refused(lambda: vera.delete(own[0], foreign(own[0]))) == "not_own_snapshot"

    def test_is_refused_when_the_role_has_ended(self, vera, own, clock):
        let_it_end(clock)
        assert refused(lambda: vera.delete(vera.server(own[0].name), own[1])) == "not_allowed_any_more"
        assert exists(own[1].id)

    def test_is_refused_with_a_token_that_deletes_nothing(self, vera, own):
        limit(vera, rights=CREATE)
        assert refused(lambda: vera.delete(*own)) == "token_limited"

    def test_is_refused_if_its_row_would_not_say_by_what_right(self, vera, own):
        view, snapshot = own
        about = {"created_at": snapshot.created_at, "token_id": vera.token.pk}
        check = partial(
            check_may_still_delete, vera.user.pk, server_id=view.server_id, snapshot_id=snapshot.id, **about
        )
        assert refused(partial(check, noted=Borrowed())) == "not_allowed_any_more"
        check()

    def test_is_marked_only_if_it_takes_the_temporary_role(self, cast, sandbox, view):
        """An operator deletes the own snapshot as ever, and another one as the manager that they are for a while."""
        omar = make_desk(cast.omar, sandbox.token)
        mine = make_own(omar, view)
        manager = lend(cast.omar, view, by=cast.mia)
        omar.delete(*mine)
        other = omar.server(view.name)
        omar.delete(other, foreign(other))
        rows = Entry.objects.filter(phase="intent", action="snapshot.delete").order_by("sequence")
        assert [row.evidence for row in rows] == ["", manager.note]


class TestJobs:
    def test_one_goes_on_after_the_role_has_ended_by_itself(self, vera, own, lent, clock):
        job = delete_many(vera, [own])
        assert job.begun_under == [str(lent.pk)]
        let_it_end(clock)
        engine.advance_all()
        assert not exists(own[1].id)
        assert lent.note in Entry.objects.get(phase="intent", action="snapshot.delete").evidence

    @pytest.mark.parametrize(
        ("change", "code"), [("ended", "not_allowed_any_more"), ("handed over", "not_own_snapshot")]
    )
    def test_one_stops_when_somebody_ends_it_or_owns_the_snapshot(
        self, cast, desk, vera, own, lent, change, code
    ):
        job = delete_many(vera, [own])
        end_early(cast, lent) if change == "ended" else give(desk, *own, desk.user)
        engine.advance_all()
        step = job.steps.get()
        assert (step.state, step.code) == (StepState.FAILED, code)
        assert exists(own[1].id)

    def test_another_snapshot_is_left_out_of_a_batch(self, vera, own):
        job = delete_many(vera, [(own[0], foreign(own[0])), own])
        assert [one.code for one in job.steps.all()] == ["not_own_snapshot", ""]


class TestPlannedDeletions:
    @pytest.fixture
    def planned(self, settings, vera, own):
        settings.SNAPPORTAL_DELETE_GRACE_DAYS = 3
        return plan(vera, *own, reason="old")

    def test_one_that_waits_is_sent_after_the_role_has_ended_by_itself(self, planned, own, lent, clock):
        assert planned.begun_under == [str(lent.pk)]
        assert lent.note in Entry.objects.get(action="deletion.plan").evidence
        let_it_end(clock)
        clock.move_to(planned.due_at)
        due.run_due()
        assert not exists(own[1].id)

    @pytest.mark.parametrize(
        ("change", "code"), [("ended", "not_allowed_any_more"), ("handed over", "not_own_snapshot")]
    )
    def test_one_is_refused_when_somebody_ended_it_or_owns_the_snapshot(
        self, cast, desk, planned, own, lent, clock, change, code
    ):
        end_early(cast, lent) if change == "ended" else give(desk, *own, desk.user)
        clock.move_to(planned.due_at)
        due.run_due()
        planned.refresh_from_db()
        assert (planned.state, planned.code) == (DeletionState.REFUSED, code)

    def test_a_date_takes_the_right_of_that_day(self, vera, own, clock):
        tomorrow: date = timezone.now().date() + timedelta(days=1)
        dated = keeping.set_keep_until(actor=vera.actor, target=target_of(vera, *own), until=tomorrow)
        clock.move_to(dated.due_at)
        due.run_due()
        dated.refresh_from_db()
        assert (dated.state, dated.code) == (DeletionState.REFUSED, "not_allowed_any_more")


class TestRequestsForApproval:
    @pytest.fixture
    def asked(self, cast, vera, own) -> ApprovalRequest:
        place(cast.ada, own[0])
        return wish(vera, own[0], RequestKind.DELETE, snapshot=own[1])()

    def test_what_an_owner_asks_under_it_is_approved(self, cast, asked, own, lent):
        assert asked.asked_under == [str(lent.pk)]
        assert lent.note in Entry.objects.get(action="approval.request").evidence
        assert approve(cast.mia, asked)().state == State.BEGUN
        assert not exists(own[1].id)
        assert lent.note in Entry.objects.get(phase="intent", action="snapshot.delete").evidence

    def test_it_is_void_once_the_role_has_ended(self, cast, asked, own, clock):
        let_it_end(clock)
        assert refused(approve(cast.mia, asked)) == "asker_lost_right"
        assert not Operation.objects.filter(action="snapshot.delete").exists()

    def test_what_is_not_the_own_is_not_asked_for(self, cast, vera, own):
        place(cast.ada, own[0])
        ask = wish(vera, own[0], RequestKind.DELETE, snapshot=foreign(own[0]))
        assert refused(ask) == "not_own_snapshot"

    def test_an_operator_for_a_while_approves_no_deletion_of_what_is_theirs(self, cast, desk, vera, own):
        """Who approves needs the whole right, whose ever the snapshot is."""
        place(cast.ada, own[0])
        asked = wish(desk, own[0], RequestKind.DELETE, snapshot=own[1])()
        assert refused(approve(cast.vera, asked)) == "not_an_approver"


class TestHandingOver:
    """What is given lasts, so that it takes a right that lasts."""

    def test_takes_more_than_a_temporary_role(self, cast, desk, vera, own):
        view, snapshot = own
        assert refused(partial(give, vera, view, snapshot, desk.user)) == "only_temporary"
        lend(cast.vera, view, by=cast.mia)
        assert refused(partial(give, vera, view, foreign(view), desk.user)) == "only_temporary"
        found = Entry.objects.filter(action="snapshot.hand_over").values_list("result", "code")
        assert [*found] == 2 * [("refused", "only_temporary")]

    def test_an_operator_does_not_take_for_good_what_they_may_delete_for_a_while(self, cast, sandbox, view):
        omar = make_desk(cast.omar, sandbox.token)
        lend(cast.omar, view, by=cast.mia)
        view = omar.server(view.name)
        assert refused(partial(give, omar, view, foreign(view), omar.user)) == "only_temporary"

    def test_an_operator_who_is_manager_for_a_while_gives_the_own(self, cast, desk, sandbox, view):
        omar = make_desk(cast.omar, sandbox.token)
        lend(cast.omar, view, by=cast.mia)
        view = omar.server(view.name)
        snapshot = omar.snapshot(view)
        own_as_is(cast.omar, snapshot)
        give(omar, omar.server(view.name), snapshot, desk.user)
        assert owner_id(snapshot) == desk.user.pk
