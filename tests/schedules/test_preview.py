"""The preview shows what the runs then do (promise 35)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from snapshots.operations.models import Action, Operation
from snapshots.sandbox.models import Snapshot as SandboxSnapshot
from snapshots.schedules.models import Run, RunState
from snapshots.schedules.preview import preview
from snapshots.schedules.retention import Keep
from tests.support.deletions import plan
from tests.support.jobs import make_elsewhere
from tests.support.schedules import define, definition, names_on, next_hour, work_until

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def fill_by_hand(view, count: int) -> None:
    make_elsewhere(view, count, prefix="by-hand", days_ago=60)


@pytest.mark.parametrize(
    ("by_hand", "keep"),
    [
        (0, Keep(last=1)),
        (0, Keep()),
        (1, Keep(daily=2, last=1)),
        (2, Keep(last=3)),
        (3, Keep(last=3)),
        (4, Keep(last=1)),
    ],
)
def test_the_runs_make_and_delete_what_was_previewed(desk, clock, by_hand, keep):
    view = desk.server()
    SandboxSnapshot.objects.filter(server_id=view.server_id).delete()
    fill_by_hand(view, by_hand)
    view = desk.server(view.name)
    covered = ((view.server_id, view.name),)
    (shown,) = preview(definition(desk, keep=keep, servers=covered), [view], timezone.now())
    schedule = define(desk, keep=keep, servers=covered)
    work_until(desk, clock, next_hour() + timedelta(hours=4, minutes=50))
    runs = list(schedule.runs.order_by("due_at"))
    turns = shown.turns[: len(runs)]
    assert len(runs) == 5
    assert [run.state == RunState.COMPLETED for run in runs] == [not turn.collides for turn in turns]
    made = Operation.objects.filter(action=Action.CREATE).order_by("created_at")
    assert [one.snapshot_name for one in made] == [turn.makes for turn in turns if turn.makes]
    deleted = Operation.objects.filter(action=Action.DELETE).order_by("created_at")
    assert [one.snapshot_name for one in deleted] == [name for turn in turns for name in turn.deletes]


def test_it_counts_what_is_there_and_says_when_the_limit_is_hit(desk, clock):
    view = desk.server()
    SandboxSnapshot.objects.filter(server_id=view.server_id).delete()
    fill_by_hand(view, 3)
    view = desk.server(view.name)
    wanted = definition(desk, cron="0 2 * * *", keep=Keep(last=3), servers=((view.server_id, view.name),))
    (shown,) = preview(wanted, [view], timezone.now())
    assert (shown.made, shown.deleted, shown.collisions) == (2, 0, len(shown.turns) - 2)
    assert shown.first_collision == shown.turns[2].at
    assert len(shown.turns) == 30


def test_a_deletion_that_waits_frees_its_place_when_it_is_due(desk, clock, settings):
    settings.SNAPPORTAL_DELETE_GRACE_DAYS = 2
    view = desk.server()
    SandboxSnapshot.objects.filter(server_id=view.server_id).delete()
    fill_by_hand(view, 5)
    view = desk.server(view.name)
    plan(desk, view, view.snapshots[-1])
    wanted = definition(desk, cron="0 * * * *", keep=Keep(last=5), servers=((view.server_id, view.name),))
    (shown,) = preview(wanted, [view], timezone.now())
    first = next(turn for turn in shown.turns if not turn.collides)
    assert timedelta(days=2) <= first.at - timezone.now() <= timedelta(days=2, hours=1)


def test_with_a_grace_time_a_rotation_holds_its_place_longer(desk, clock, settings):
    view = desk.server()
    SandboxSnapshot.objects.filter(server_id=view.server_id).delete()
    wanted = definition(desk, cron="0 * * * *", keep=Keep(last=2), servers=((view.server_id, view.name),))
    (at_once,) = preview(wanted, desk.views(), timezone.now())
    settings.SNAPPORTAL_DELETE_GRACE_DAYS = 1
    (later,) = preview(wanted, desk.views(), timezone.now())
    assert at_once.collisions == 0
    assert later.collisions > 0


def test_a_schedule_of_every_minute_is_previewed_up_to_a_bound(desk, clock):
    (shown,) = preview(definition(desk, cron="* * * * *"), desk.views(), timezone.now())
    assert (len(shown.turns), shown.is_cut) == (1000, True)


def test_changing_a_schedule_counts_what_it_made_before(desk, clock):
    schedule = define(desk, keep=Keep())
    work_until(desk, clock, next_hour() + timedelta(hours=1, minutes=20))
    assert Run.objects.count() == 2
    server = schedule.servers.get()
    made = [name for name in names_on(server.server_id) if name.startswith("auto-")]
    wanted = definition(desk, keep=Keep(last=1), servers=((server.server_id, server.server_name),))
    (shown,) = preview(wanted, desk.views(), timezone.now(), schedule)
    assert set(made) <= set(shown.turns[0].deletes)
    (as_new,) = preview(wanted, desk.views(), timezone.now())
    assert not as_new.turns[0].deletes


def test_with_many_servers_it_ends_earlier_and_says_so(desk):
    view = desk.server()
    many = [replace(view, server_id=number) for number in range(1, 401)]
    shown = preview(definition(desk, covers_all=True), many, timezone.now())
    assert sum(len(one.turns) for one in shown) == 20_000
    assert all(one.is_cut for one in shown)
