"""Freezes: while one holds, nothing is restored or deleted there in any channel, and nobody lifts it alone and at once."""

from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from snapportal.accounts.models import Role, User
from snapshots.audit.models import Entry
from snapshots.deletions import due
from snapshots.deletions.models import PlannedDeletion
from snapshots.operations import freezes
from snapshots.operations.freeze_times import next_end
from snapshots.operations.guarded_models import Freeze
from snapshots.operations.models import Action, Operation
from tests.support.api import script_of
from tests.support.deletions import plan, run_at
from tests.support.desk import Desk, make_desk
from tests.support.freezes import DAY, freeze
from tests.support.refusals import refused
from tests.support.teams import make_team

pytestmark = pytest.mark.django_db


@pytest.fixture
def view(desk):
    return desk.server()


@pytest.fixture
def colleague(cast, sandbox) -> Desk:
    return make_desk(cast.ada, sandbox.token)


def restore(desk: Desk, view):
    return lambda: desk.restore(view, desk.snapshot(view))


class TestHolding:
    @pytest.mark.parametrize("covers_all", [True, False])
    def test_nothing_is_restored_or_deleted_and_the_refusals_are_recorded(self, desk, view, covers_all):
        freeze(desk, None if covers_all else view)
        assert refused(restore(desk, view)) == "frozen"
        assert refused(lambda: desk.delete(view, desk.snapshot(view))) == "frozen"
        assert not Operation.objects.exists()
        rows = Entry.objects.filter(result="refused", code="frozen").values_list("action", flat=True)
        assert set(rows) == {Action.RESTORE, Action.DELETE}

    def test_snapshots_are_still_created(self, desk, view):
        freeze(desk)
        desk.create(view)
        assert Operation.objects.get().action == Action.CREATE

    def test_other_servers_are_not_concerned(self, desk):
        first, second = [one for one in desk.views() if one.snapshots and not one.is_moving][:2]
        freeze(desk, first)
        desk.restore(second, desk.snapshot(second))
        assert Operation.objects.get().server_id == second.server_id

    def test_it_holds_from_its_begin_to_its_end(self, desk, view, clock):
        freeze(desk, starts_at=timezone.now() + timedelta(minutes=1))
        assert freezes.freezing(view.server_id) is None
        clock.shift(61)
        assert freezes.freezing(view.server_id) is not None
        clock.shift(2 * 86400 - 62)
        assert refused(restore(desk, desk.server(view.name))) == "frozen"
        clock.shift(2)
        restore(desk, desk.server(view.name))()

    def test_of_several_the_one_that_ends_last_is_shown(self, desk, view):
        longer = freeze(desk, ends_at=timezone.now() + 9 * DAY)
        freeze(desk)
        assert freezes.freezing(view.server_id) == longer

    @pytest.mark.parametrize("path", ["snapshots/{id}/restore/", "jobs/"])
    def test_scripts_are_refused_with_409(self, desk, view, path):
        freeze(desk)
        snapshot = desk.snapshot(view)
        body = {"kind": "safe_restore", "snapshot_id": snapshot.id} if path == "jobs/" else None
        answer = script_of(desk).post(path.format(id=snapshot.id), body)
        assert (answer.status_code, answer.json()["code"]) == (409, "frozen")
        assert not Operation.objects.exists()

    def test_one_placed_while_the_lists_are_read_stops_the_restore(self, desk, view, colleague, monkeypatch):
        from snapshots.operations import service

        read_server = service.read_server

        def read_and_freeze(*arguments):
            found = read_server(*arguments)
            monkeypatch.setattr(service, "restorable_snapshot", lambda *_a, **_k: desk.snapshot(view))
            freeze(colleague)
            return found

        monkeypatch.setattr(service, "read_server", read_and_freeze)
        assert refused(restore(desk, view)) == "frozen"
        assert not Operation.objects.exists()

    def test_a_planned_deletion_waits_for_its_end_without_a_row_for_each_try(
        self, desk, view, clock, settings
    ):
        settings.SNAPPORTAL_DELETE_GRACE_DAYS = 1
        planned = plan(desk, view)
        freeze(desk, view, ends_at=planned.due_at + DAY)
        rows = Entry.objects.count()
        for hours in range(1, 20):
            assert run_at(clock, planned.due_at + timedelta(hours=hours)) == 0
        assert Entry.objects.count() == rows
        run_at(clock, planned.due_at + DAY + timedelta(seconds=1))
        assert Operation.objects.get().action == Action.DELETE

    def test_one_that_is_refused_at_the_last_moment_is_tried_again(
        self, desk, view, clock, settings, monkeypatch
    ):
        settings.SNAPPORTAL_DELETE_GRACE_DAYS = 1
        planned = plan(desk, view)
        freeze(desk, view, ends_at=planned.due_at + DAY)
        monkeypatch.setattr(due, "frozen_servers", lambda _ids: set())
        run_at(clock, planned.due_at + timedelta(minutes=1))
        assert PlannedDeletion.objects.get().state == "waiting"
        run_at(clock, planned.due_at + DAY + timedelta(hours=1))
        assert Operation.objects.count() == 1


WEEKEND = (4 * 1440 + 18 * 60, 7 * 60)
"""Friday 18:00 to Monday 7:00."""


class TestEachWeek:
    @pytest.mark.parametrize(
        ("local", "holds"),
        [
            ("2026-11-27 17:59", False),
            ("2026-11-27 18:00", True),
            ("2026-11-28 12:00", True),
            ("2026-11-30 06:59", True),
            ("2026-11-30 07:00", False),
            ("2026-12-02 12:00", False),
            ("2026-12-05 00:00", True),
        ],
    )
    def test_it_holds_between_two_times_of_a_clock_on_the_wall(self, desk, view, clock, local, holds):
        clock.move_to(datetime(2026, 11, 24, tzinfo=UTC))
        freeze(desk, weekly=WEEKEND, ends_at=timezone.now() + 60 * DAY)
        clock.move_to(datetime.fromisoformat(f"{local}+01:00"))
        assert (freezes.freezing(view.server_id) is not None) is holds

    @pytest.mark.parametrize(
        ("at", "ends"),
        [
            # Clocks in Berlin go back on 25 October 2026: 7:00 is then 6:00 UTC, and was 5:00 UTC a week before.
            ("2026-10-17T12:00+00:00", "2026-10-19T05:00+00:00"),
            ("2026-10-24T12:00+00:00", "2026-10-26T06:00+00:00"),
            ("2026-10-25T00:30+00:00", "2026-10-26T06:00+00:00"),
            ("2026-10-25T01:30+00:00", "2026-10-26T06:00+00:00"),
        ],
    )
    def test_its_end_follows_the_clock_where_clocks_change(self, desk, view, clock, at, ends):
        clock.move_to(datetime(2026, 10, 1, tzinfo=UTC))
        made = freeze(desk, weekly=WEEKEND, ends_at=timezone.now() + 60 * DAY)
        clock.move_to(datetime.fromisoformat(at))
        assert freezes.freezing(view.server_id) == made
        assert next_end(made, timezone.now()) == datetime.fromisoformat(ends)

    @pytest.mark.parametrize(
        ("window", "first", "last"),
        [
            # 2:30 is twice on 25 October 2026: at 0:30 and at 1:30 UTC. It holds until the second one.
            (((4 * 24 + 18) * 60, 6 * 1440 + 150), "2026-10-23T16:00+00:00", "2026-10-25T01:30+00:00"),
            # 2:30 is skipped on 28 March 2027: clocks go from 2:00 to 3:00 at 1:00 UTC.
            (((4 * 24 + 18) * 60, 6 * 1440 + 150), "2027-03-26T17:00+00:00", "2027-03-28T01:00+00:00"),
        ],
    )
    def test_it_has_no_gap_in_the_night_in_which_clocks_change(self, desk, view, clock, window, first, last):
        begin, end = datetime.fromisoformat(first), datetime.fromisoformat(last)
        clock.move_to(begin - DAY)
        made = freeze(desk, weekly=window, ends_at=begin + 60 * DAY)
        at = begin
        while at < end:
            clock.move_to(at)
            assert freezes.freezing(view.server_id) == made, at
            assert next_end(made, at) >= end
            at += timedelta(minutes=15)
        clock.move_to(end + timedelta(hours=1))
        assert freezes.freezing(view.server_id) is None

    def test_from_a_time_to_the_same_time_is_the_whole_week(self, desk, view, clock):
        made = freeze(desk, weekly=(600, 600), ends_at=timezone.now() + 14 * DAY)
        for _day in range(13):
            assert freezes.freezing(view.server_id) == made
            clock.shift(86400)

    def test_it_ends_with_its_last_day_even_within_a_week(self, desk, view, clock):
        clock.move_to(datetime(2026, 11, 28, 12, tzinfo=UTC))
        freeze(desk, weekly=WEEKEND, ends_at=timezone.now() + timedelta(hours=1))
        clock.shift(3601)
        assert freezes.freezing(view.server_id) is None


class TestPlacing:
    def test_the_row_says_where_when_and_why(self, desk, view, clock):
        clock.move_to(datetime(2026, 11, 24, 9, tzinfo=UTC))
        freeze(desk, view, weekly=WEEKEND)
        row = Entry.objects.get(action="freeze.place")
        assert (row.target, row.reason, row.server_id) == ("Weekend", "nobody is there", view.server_id)
        assert row.evidence == (
            f"“{view.name}” ({view.server_id}); each week from Friday 18:00 to Monday 07:00 (Europe/Berlin); "
            "from 2026-11-24 09:00 UTC to 2026-11-26 09:00 UTC"
        )

    @pytest.mark.parametrize("reason", ["", " ", "\u200b"])
    def test_it_needs_a_reason(self, desk, reason):
        assert refused(lambda: freeze(desk, reason=reason)) == "reason_missing"

    @pytest.mark.parametrize("days", [(0, 0), (-3, -1), (3, 2)])
    def test_it_needs_an_end_to_come_after_its_begin(self, desk, days):
        begin, end = (timezone.now() + one * DAY for one in days)
        assert refused(lambda: freeze(desk, starts_at=begin, ends_at=end)) == "freeze_end"
        assert not Freeze.objects.exists()

    @pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.AUDITOR])
    def test_only_who_may_restore_places_and_lifts(self, desk, view, role):
        made = freeze(desk)
        User.objects.update(role=role)
        actions = [
            lambda: freeze(desk),
            lambda: freezes.LIFTING.ask(actor=desk.actor, pk=made.pk, reason="r"),
        ]
        assert [refused(one) for one in actions] == ["not_allowed_any_more"] * 2
        assert Freeze.objects.get().lift_due_at is None

    def test_whoever_may_restore_on_some_servers_only_freezes_those(self, desk):
        first, second = desk.views()[:2]
        User.objects.filter(pk=desk.user.pk).update(role=Role.VIEWER)
        make_team(servers=[first.server_id], members=[desk.user])
        freeze(desk, first)
        assert refused(lambda: freeze(desk, second)) == "not_on_this_server"
        assert refused(lambda: freeze(desk)) == "not_on_this_server"


def test_the_log_says_in_utc_when_it_begins_and_ends(desk):
    berlin = ZoneInfo("Europe/Berlin")
    until = datetime(timezone.now().year + 1, 1, 15, 10, 0, tzinfo=berlin)
    freeze(desk, starts_at=until - DAY, ends_at=until)
    year = until.year
    assert Entry.objects.get(action="freeze.place").evidence == (
        f"all servers; from {year}-01-14 09:00 UTC to {year}-01-15 09:00 UTC"
    )


class TestLifting:
    def agree(self, desk: Desk, made: Freeze):
        return partial(freezes.LIFTING.agree, actor=desk.actor, pk=made.pk)

    def test_nobody_lifts_it_alone_and_at_once(self, desk, view):
        made = freeze(desk)
        freezes.LIFTING.ask(actor=desk.actor, pk=made.pk, reason="it is over")
        assert refused(self.agree(desk, made)) == "second_person"
        assert refused(restore(desk, view)) == "frozen"

    def test_a_second_person_lifts_it_at_once(self, desk, view, colleague):
        made = freeze(desk)
        assert refused(self.agree(colleague, made)) == "lift_not_asked"
        freezes.LIFTING.ask(actor=desk.actor, pk=made.pk, reason="it is over")
        self.agree(colleague, made)()
        restore(desk, view)()
        assert (
            Entry.objects.get(action="freeze.lift", result="completed").evidence
            == f"asked for by person {desk.user.pk}: “it is over”"
        )
        assert refused(self.agree(colleague, made)) == "freeze_over"

    def test_it_lifts_after_the_delay_unless_somebody_calls_that_back(self, desk, view, colleague, clock):
        made = freeze(desk, ends_at=timezone.now() + 9 * DAY)
        freezes.LIFTING.ask(actor=desk.actor, pk=made.pk, reason="r")
        freezes.LIFTING.keep(actor=colleague.actor, pk=made.pk)
        clock.shift(25 * 3600)
        assert refused(restore(desk, desk.server(view.name))) == "frozen"
        freezes.LIFTING.ask(actor=desk.actor, pk=made.pk, reason="r")
        clock.shift(24 * 3600 - 60)
        assert refused(restore(desk, desk.server(view.name))) == "frozen"
        clock.shift(61)
        restore(desk, desk.server(view.name))()

    def test_asking_again_does_not_move_the_time(self, desk, colleague):
        made = freeze(desk)
        freezes.LIFTING.ask(actor=desk.actor, pk=made.pk, reason="r")
        due_at = Freeze.objects.get().lift_due_at
        again = partial(freezes.LIFTING.ask, actor=colleague.actor, pk=made.pk, reason="r")
        assert refused(again) == "lift_asked"
        assert Freeze.objects.get().lift_due_at == due_at
