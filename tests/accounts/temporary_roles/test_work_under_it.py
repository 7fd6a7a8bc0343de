"""Work that was begun under a temporary role goes on when that ends by itself, and stops when it is ended early."""

from datetime import date, timedelta
from functools import partial

import pytest
from django.utils import timezone

from snapportal.accounts.models import Role, User
from snapportal.accounts.temporary_roles import service
from snapshots.approvals import deciding
from snapshots.approvals.models import ApprovalRequest, Kind, State
from snapshots.audit.models import Entry
from snapshots.deletions import due, keeping
from snapshots.deletions.models import State as DeletionState
from snapshots.jobs.models import Job, JobState, StepState
from snapshots.jobs.room import room_key
from snapshots.operations.models import Action, Operation
from snapshots.operations.rights import Borrowed, borrowed, check_person
from snapshots.operations.service import resume
from tests.operations.test_resume import pending
from tests.support.api import script_of
from tests.support.deletions import plan, target_of
from tests.support.desk import make_desk
from tests.support.double import ask_sandbox, refuse_connections
from tests.support.jobs import full_server, run_to_end, start_safe_restore, states
from tests.support.policies import actor, approve, place, wish
from tests.support.refusals import refused
from tests.support.temporary_roles import lend

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = 3600


@pytest.fixture(autouse=True)
def at_the_providers_speed(settings, clock):
    settings.SNAPPORTAL_SANDBOX_SPEED = 1


@pytest.fixture
def lent(cast, vera, view):
    """Vera's for one hour."""
    return lend(cast.vera, view, by=cast.mia, hours=1)


def end_early(cast, lent) -> None:
    service.end_now(actor=actor(cast.mia), pk=lent.pk, reason="Not needed any more")


def deactivate(cast, _lent) -> None:
    User.objects.filter(pk=cast.vera.pk).update(is_active=False)


def demote(cast, _lent) -> None:
    User.objects.filter(pk=cast.vera.pk).update(role=Role.AUDITOR)


def let_it_end(clock) -> None:
    clock.shift(HOUR)
    service.write_down_ends()


class TestOperations:
    @pytest.mark.parametrize("action", Action)
    def test_what_it_allows_is_done_and_marked(self, vera, view, lent, action):
        operation = vera.operate(action, view)
        row = Entry.objects.get(operation_id=operation.pk, phase="intent")
        assert row.evidence == f"by a temporary role (manager), granted by person 1003, request {lent.pk}"
        assert row.actor_role == "viewer"

    def test_what_the_person_may_do_anyway_is_not_marked(self, desk, cast, sandbox, view, other):
        omar = make_desk(cast.omar, sandbox.token)
        lend(cast.omar, view, by=cast.mia)
        assert Entry.objects.get(operation_id=omar.create(view).pk, phase="intent").evidence == ""
        assert refused(lambda: omar.restore(other, omar.snapshot(other))) == "not_on_this_server"

    def test_a_form_that_is_sent_after_the_end_does_nothing(self, vera, view, lent, clock):
        clock.shift(HOUR - 1)
        snapshot = vera.snapshot(view)
        confirmation = vera.confirm(Action.RESTORE, view, snapshot)
        clock.shift(1)
        assert refused(lambda: vera.restore(view, snapshot, confirmation)) == "not_allowed_any_more"
        assert not Operation.objects.exists()

    def test_an_intent_that_was_written_before_the_end_is_sent_after_it(self, vera, cast, clock):
        view = vera.server()
        lend(cast.vera, view, by=cast.mia, hours=1)
        operation = pending(vera, Action.RESTORE)
        let_it_end(clock)
        resume(operation)
        assert operation.sent_at is not None

    def test_a_row_that_would_not_say_by_what_right_is_not_written(self, cast, view, lent):
        """Another transaction may have changed the rights between the note and the log's lock."""
        right = [("snapshots.restore", view.server_id)]
        noted = borrowed(cast.vera.pk, right)
        assert check_person(cast.vera.pk, right, noted=noted) == cast.vera
        for wrong, person in ((Borrowed(), cast.vera), (noted, cast.mia)):
            call = partial(check_person, person.pk, right, noted=wrong)
            assert refused(call) == "not_allowed_any_more"


class TestJobs:
    def test_a_job_goes_on_to_its_end_after_the_role_has_ended_by_itself(self, vera, view, lent, clock):
        clock.shift(HOUR - 1)
        vera.views()
        job = start_safe_restore(vera, view)
        assert (job.begun_under, states(job)[0]) == ([str(lent.pk)], StepState.RUNNING)
        clock.shift(1)
        service.write_down_ends()
        assert run_to_end(job, vera, clock).state == JobState.COMPLETED
        intents = Entry.objects.filter(phase="intent")
        assert [lent.note in row.evidence for row in intents] == [True, True]
        assert lent.note in Entry.objects.get(action="job.start").evidence
        assert lent.note not in Entry.objects.get(action="job.end").evidence

    def test_nothing_new_begins_then(self, vera, view, lent, clock):
        job = start_safe_restore(vera, view)
        let_it_end(clock)
        run_to_end(job, vera, clock)
        assert refused(lambda: start_safe_restore(vera, vera.server(view.name))) == "not_allowed_any_more"

    @pytest.mark.parametrize(
        ("stop", "ends_first"),
        [(end_early, False), (deactivate, False), (deactivate, True), (demote, False), (demote, True)],
    )
    def test_it_stops_at_its_next_step_when_somebody_ends_it(
        self, cast, vera, view, lent, clock, stop, ends_first
    ):
        job = start_safe_restore(vera, view)
        if ends_first:
            let_it_end(clock)
        stop(cast, lent)
        job = run_to_end(job, vera, clock)
        assert (job.state, states(job)) == (JobState.STOPPED, [StepState.COMPLETED, StepState.FAILED])
        assert not Operation.objects.filter(action=Action.RESTORE).exists()

    def test_making_room_is_part_of_it(self, cast, vera, clock):
        view = full_server(vera)
        lend(cast.vera, view, by=cast.mia, hours=1)
        target, old = vera.snapshot(view), view.snapshots[-1]
        job = start_safe_restore(vera, view, snapshot=target, make_room=room_key(old))
        let_it_end(clock)
        assert run_to_end(job, vera, clock).state == JobState.COMPLETED

    def test_a_later_role_does_not_take_over_what_an_ended_one_began(self, cast, vera, view, lent, clock):
        """It is done by the role that holds by then, and says so."""
        job = start_safe_restore(vera, view)
        end_early(cast, lent)
        second = lend(cast.vera, view, by=cast.mia, hours=4)
        run_to_end(job, vera, clock)
        row = Entry.objects.get(phase="intent", action=Action.RESTORE)
        assert second.note in row.evidence
        assert lent.note not in row.evidence


class TestDeletions:
    @pytest.fixture
    def planned(self, settings, vera, view, lent):
        settings.SNAPPORTAL_DELETE_GRACE_DAYS = 3
        return plan(vera, view, reason="old")

    def test_one_that_waits_is_sent_after_the_role_has_ended_by_itself(self, vera, planned, lent, clock):
        assert planned.begun_under == [str(lent.pk)]
        assert lent.note in Entry.objects.get(action="deletion.plan").evidence
        let_it_end(clock)
        clock.move_to(planned.due_at)
        due.run_due()
        planned.refresh_from_db()
        assert planned.state == DeletionState.SENT
        assert lent.note in Entry.objects.get(phase="intent").evidence

    @pytest.mark.parametrize("stop", [end_early, deactivate])
    def test_one_that_waits_is_refused_if_somebody_ended_the_role(self, cast, planned, lent, clock, stop):
        stop(cast, lent)
        clock.move_to(planned.due_at)
        due.run_due()
        planned.refresh_from_db()
        assert (planned.state, planned.code) == (DeletionState.REFUSED, "not_allowed_any_more")
        assert not Operation.objects.exists()

    def test_a_date_takes_the_right_that_the_person_has_on_that_day(self, vera, view, lent, clock):
        tomorrow: date = timezone.now().date() + timedelta(days=1)
        dated = keeping.set_keep_until(actor=vera.actor, target=target_of(vera, view), until=tomorrow)
        assert dated.begun_under == []
        clock.move_to(dated.due_at)
        due.run_due()
        dated.refresh_from_db()
        assert (dated.state, dated.code) == (DeletionState.REFUSED, "not_allowed_any_more")


class TestRequestsForApproval:
    @pytest.fixture
    def asked(self, cast, vera, view, lent) -> ApprovalRequest:
        place(cast.ada, view)
        return wish(vera, view)()

    def test_what_is_asked_under_it_is_approved_by_another_person(self, cast, asked, lent):
        assert asked.asked_under == [str(lent.pk)]
        assert lent.note in Entry.objects.get(action="approval.request").evidence
        assert approve(cast.mia, asked)().state == State.BEGUN
        evidence = Entry.objects.get(phase="intent").evidence
        assert evidence.startswith("approved by person")
        assert lent.note in evidence

    def test_a_job_that_was_approved_goes_on_too(self, cast, vera, view, lent, clock):
        place(cast.ada, view)
        asked = approve(cast.mia, wish(vera, view, Kind.SAFE_RESTORE)())()
        let_it_end(clock)
        job = run_to_end(Job.objects.get(), vera, clock)
        assert (asked.state, job.state) == (State.BEGUN, JobState.COMPLETED)

    @pytest.mark.parametrize("is_lent_again", [False, True])
    @pytest.mark.parametrize("how", ["by itself", "early"])
    def test_it_is_void_once_the_role_has_ended(self, cast, view, asked, lent, clock, how, is_lent_again):
        let_it_end(clock) if how == "by itself" else end_early(cast, lent)
        if is_lent_again:
            lend(cast.vera, view, by=cast.mia)
        code = "asker_too_new" if is_lent_again else "asker_lost_right"
        assert refused(approve(cast.mia, asked)) == code
        assert deciding.run_due() == 1
        asked.refresh_from_db()
        assert (asked.state, asked.code) == (State.VOID, "asker_lost_right")
        assert Entry.objects.filter(action="approval.void").count() == 1
        assert not Operation.objects.exists()

    def test_an_account_that_was_touched_since_gets_nothing_approved(self, cast, asked):
        User.objects.filter(pk=cast.vera.pk).update(rights_since=timezone.now())
        assert refused(approve(cast.mia, asked)) == "asker_too_new"

    @pytest.mark.parametrize(
        ("is_lent_again", "code"), [(False, "not_allowed_any_more"), (True, "asker_lost_right")]
    )
    def test_what_could_not_begin_at_once_is_void_with_the_role(
        self, cast, vera, view, lent, double, is_lent_again, code
    ):
        """Also where the glass was broken, which asks nobody who asked."""
        place(cast.ada, view)
        double.answer = ask_sandbox
        asked = wish(vera, view)()
        double.answer = refuse_connections
        broken = deciding.break_glass(actor=actor(cast.ada), pk=asked.pk, reason="It burns")
        assert broken.state == State.APPROVED
        double.answer = ask_sandbox
        end_early(cast, lent)
        if is_lent_again:
            lend(cast.vera, view, by=cast.mia)
        deciding.carry_out(broken)
        assert (broken.state, broken.code) == (State.VOID, code)


class TestScripts:
    def test_a_key_may_what_its_person_may_at_that_moment(self, cast, vera, view, lent, clock):
        script = script_of(vera, rights=["snapshots.see", "snapshots.create"])
        body = {"server_id": view.server_id, "name": "by-a-script"}
        assert script.post("snapshots/", body).status_code == 201
        row = Entry.objects.filter(phase="intent").latest("sequence")
        assert lent.note in row.evidence
        assert row.channel.startswith("api:")
        clock.shift(HOUR)
        answer = script.post("snapshots/", body | {"name": "too-late"})
        assert (answer.status_code, Operation.objects.count()) == (403, 1)
