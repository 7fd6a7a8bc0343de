"""Approvals of what is no single restore or deletion: several at once, a lifted protection, schedules, and making room."""

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from snapportal.accounts.models import Role, User
from snapshots.approvals import deciding
from snapshots.approvals.models import ApprovalRequest, Kind, RequestedItem, State
from snapshots.approvals.queries import begun_of
from snapshots.audit.models import Entry
from snapshots.jobs import batches
from snapshots.jobs.models import Job
from snapshots.operations import policies
from snapshots.operations.models import Operation, Protection
from snapshots.schedules import service
from snapshots.schedules.definition import sign_preview
from snapshots.schedules.models import Schedule
from snapshots.schedules.retention import Keep
from snapshots.schedules.stopping import stop
from tests.support.batches import chosen_snapshots, delete_many
from tests.support.policies import actor, approve, only, place
from tests.support.policies import wish as wish_for
from tests.support.refusals import refused
from tests.support.schedules import define, definition
from tests.support.teams import make_team
from tests.support.wishes import MAKERS, REASON, make

pytestmark = pytest.mark.django_db
HOUR = 3600
every_kind = pytest.mark.parametrize("kind", MAKERS)


@pytest.fixture
def wish(cast, desk, kind):
    """Under a policy that names it on one of its servers."""
    made = make(desk, kind)
    place(cast.ada, *made.views, actions=[made.action])
    return made


def untouched() -> tuple:
    """What none of the requests may change before it is approved."""
    return (
        Operation.objects.count(),
        Job.objects.exclude(kind="create_many", state="completed").count(),
        Protection.objects.count(),
        list(Schedule.objects.values_list("pk", "state", "keep_last")),
    )


@every_kind
class TestEach:
    def test_it_is_a_request_and_nothing_is_done(self, desk, wish, kind):
        before = untouched()
        asked = wish.begin()
        assert isinstance(asked, ApprovalRequest)
        assert (asked.state, asked.needed, asked.person_id, asked.kind) == ("waiting", 1, desk.user.pk, kind)
        assert wish.begin() == asked == only()
        assert untouched() == before
        row = Entry.objects.get(action="approval.request")
        assert (row.target, row.actor_id) == (str(asked.pk), desk.user.pk)

    def test_approved_it_is_done_once_in_the_name_of_whoever_asked(self, desk, wish, max_, kind):
        asked = wish.begin()
        approve(max_, asked)()
        assert (only().state, only().code) == (State.BEGUN, "")
        assert refused(approve(max_, asked)) == "request_over"
        assert deciding.run_due() == 0
        row = Entry.objects.get(action=wish.done, evidence__contains=f"request {asked.pk}")
        assert row.actor_id == desk.user.pk
        assert row.evidence.startswith(f"approved by person {max_.pk}; request {asked.pk}")
        if wish.done == "job.start":
            assert begun_of(only()).reason == REASON
        assert wish.begin() == only()

    def test_denied_withdrawn_or_expired_it_is_not_done(self, desk, wish, max_, clock, kind):
        before, asked = untouched(), wish.begin()
        assert refused(approve(desk.user, asked)) == "second_person"
        deciding.deny(actor=actor(max_), pk=asked.pk, reason="not on a Friday")
        assert refused(approve(max_, asked)) == "request_over"
        ApprovalRequest.objects.update(state=State.WAITING)
        clock.shift(4 * HOUR + 1)
        assert deciding.run_due() == 1
        assert only().state == State.EXPIRED
        assert untouched() == before

    def test_void_if_it_could_not_be_done_any_more(self, desk, wish, max_, kind):
        asked = wish.begin()
        wish.spoil()
        before = untouched()
        approve(max_, asked)()
        assert (only().state, only().code) == (State.VOID, wish.void)
        assert untouched() == before
        assert Entry.objects.get(action="approval.void").code == wish.void

    def test_not_approved_by_or_for_people_without_the_right(self, desk, wish, max_, kind):
        asked = wish.begin()
        User.objects.filter(pk=max_.pk).update(role=Role.VIEWER)
        assert refused(approve(User.objects.get(pk=max_.pk), asked)) == "not_an_approver"
        User.objects.filter(pk=max_.pk).update(role=Role.MANAGER)
        User.objects.filter(pk=desk.user.pk).update(role=Role.VIEWER)
        assert refused(approve(max_, asked)) == "asker_lost_right"
        assert only().state == State.WAITING


@every_kind
def test_without_a_policy_it_is_done_at_once(cast, desk, kind):
    made = make(desk, kind)
    assert not isinstance(made.begin(), ApprovalRequest)
    assert Entry.objects.filter(action=made.done, actor_id=desk.user.pk).exists()


class TestBatches:
    def test_a_policy_that_is_placed_while_the_lists_are_read_holds(self, cast, desk, monkeypatch):
        made = make(desk, Kind.CREATE_MANY)
        read = batches.read_and_reconcile_all

        def read_and_place(*arguments, **more):
            if not policies.current():
                place(cast.ada, *made.views, actions=[made.action])
            return read(*arguments, **more)

        monkeypatch.setattr(batches, "read_and_reconcile_all", read_and_place)
        assert isinstance(made.begin(), ApprovalRequest)
        assert not Job.objects.exists()

    def test_one_that_a_policy_about_deletions_reaches_in_part_is_one_request_about_all(self, cast, desk):
        made = make(desk, Kind.DELETE_MANY)
        place(cast.ada, *made.views, actions=["snapshot.delete"])
        assert len(made.begin().items) == 3
        assert not Job.objects.exists()

    def test_a_policy_about_several_leaves_single_ones_alone(self, cast, desk, view):
        place(cast.ada, actions=["snapshot.batch"])
        one = chosen_snapshots(desk)[:1]
        assert isinstance(delete_many(desk, one), Job)
        assert isinstance(desk.delete(view, desk.snapshot(view)), Operation)

    def test_whoever_approves_must_be_allowed_on_every_server(self, cast, desk, max_):
        made = make(desk, Kind.DELETE_MANY)
        place(cast.ada, *made.views, actions=[made.action])
        asked = made.begin()
        User.objects.filter(pk=max_.pk).update(role=Role.VIEWER)
        first, *_others = {item.server_id for item in asked.items}
        team = make_team(members=[max_], servers=[first])
        User.objects.filter(pk=max_.pk).update(rights_since=max_.rights_since)
        type(team).objects.update(changed_at=max_.rights_since)
        assert refused(approve(User.objects.get(pk=max_.pk), asked)) == "not_an_approver"


class TestSchedules:
    """What of a change takes an approval: see schedules/loosening.py."""

    @pytest.fixture
    def schedule(self, cast, desk):
        """Made before the policy was placed."""
        found = define(desk, keep=Keep(last=2, daily=3))
        place(cast.ada, actions=["schedule.define"])
        return found

    def change(self, desk, schedule, **changes):
        wanted = definition(desk, **{"keep": Keep(last=2, daily=3)} | changes)
        service.change_schedule(
            actor=desk.actor,
            schedule=schedule,
            token=desk.token,
            definition=wanted,
            preview=sign_preview(wanted, token_id=desk.token.pk, person_id=desk.user.pk),
            seen=schedule.changed_at,
        )

    @pytest.mark.parametrize(
        "changes",
        [
            {"keep": Keep(last=1, daily=3)},
            {"keep": Keep(last=9)},
            {"cron": "*/30 * * * *"},
            {"time_zone": "Europe/Berlin"},
            {"covers_all": True},
        ],
    )
    def test_fewer_kept_other_times_or_more_servers_do(self, desk, schedule, changes):
        assert refused(lambda: self.change(desk, schedule, **changes)) == "approval_needed"
        assert Schedule.objects.get().keep == Keep(last=2, daily=3)

    @pytest.mark.parametrize(
        "changes", [{"keep": Keep(last=2, daily=4)}, {"keep": Keep()}, {"name": "at night"}]
    )
    def test_more_kept_nothing_deleted_or_another_name_does_not(self, desk, schedule, changes):
        self.change(desk, schedule, **changes)

    def test_nor_does_one_that_deletes_nothing_nor_pausing_and_removing_one(self, desk, schedule):
        define(desk, keep=Keep())
        service.pause(actor=desk.actor, schedule=schedule)
        service.remove(actor=desk.actor, schedule=schedule)

    def test_one_that_keeps_everything_takes_it_before_it_deletes(self, desk, schedule):
        self.change(desk, schedule, keep=Keep())
        schedule.refresh_from_db()
        assert refused(lambda: self.change(desk, schedule, keep=Keep(last=99))) == "approval_needed"

    def test_one_that_is_paused_is_neither_resumed_nor_run(self, desk, schedule):
        service.pause(actor=desk.actor, schedule=schedule)
        assert refused(lambda: service.resume(actor=desk.actor, schedule=schedule)) == "approval_needed"
        run = partial(service.run_now, actor=desk.actor, schedule=schedule, form_key="k" * 9)
        assert refused(run) == "approval_needed"

    def test_nor_is_one_that_the_portal_stopped_made_active_by_a_change(self, desk, schedule):
        stop(schedule, "token_gone")
        schedule.refresh_from_db()
        assert refused(lambda: self.change(desk, schedule)) == "approval_needed"

    def test_nor_does_one_go_over_to_another_account_of_the_provider(self, desk, schedule):
        Schedule.objects.update(token_fingerprint="of another account")
        schedule.refresh_from_db()
        assert refused(lambda: self.change(desk, schedule)) == "approval_needed"

    def test_one_that_runs_goes_on(self, desk, schedule):
        run = service.run_now(actor=desk.actor, schedule=schedule, form_key="k" * 9)
        assert run.schedule == schedule


def test_at_most_twenty_requests_of_one_person_wait(cast, desk, view):
    place(cast.ada, view)
    for number in range(20):
        RequestedItem.objects.create(request=waiting_request(desk, number), server_id=view.server_id)
    assert refused(wish_for(desk, view)) == "too_many_requests"
    ApprovalRequest.objects.filter(form_key="waiting 0").update(state=State.DENIED)
    assert isinstance(wish_for(desk, view)(), ApprovalRequest)


def waiting_request(desk, number: int) -> ApprovalRequest:
    now = timezone.now()
    return ApprovalRequest.objects.create(
        form_key=f"waiting {number}",
        kind=Kind.RESTORE,
        needed=1,
        person_id=desk.user.pk,
        created_at=now,
        expires_at=now + timedelta(hours=4),
    )
