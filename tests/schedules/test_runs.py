"""Runs of schedules: once for each due time, in the owner's name, deleting only what the schedule made (promise 35)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from snapshots.audit.models import Entry
from snapshots.deletions.models import PlannedDeletion
from snapshots.jobs.models import Job
from snapshots.operations.models import Action, Operation
from snapshots.operations.protection import protect
from snapshots.operations.server_locks import place as lock
from snapshots.sandbox.models import Snapshot as SandboxSnapshot
from snapshots.schedules import runs, service, silence
from snapshots.schedules.models import Cause, Run, RunState, Schedule
from snapshots.schedules.retention import Keep
from tests.support.deletions import run_at, target_of
from tests.support.double import ask_sandbox, refuse_connections
from tests.support.schedules import define, finish, names_on, next_hour, work, work_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]


def auto_names(server_id: int) -> list[str]:
    return [name for name in names_on(server_id) if name.startswith("auto-")]


def test_nothing_runs_before_it_is_due_and_then_one_snapshot_is_made(desk, clock):
    schedule = define(desk)
    server = schedule.servers.get()
    work(desk)
    assert not Run.objects.exists()
    clock.move_to(next_hour())
    run = finish(desk, clock)
    assert (run.state, run.cause, run.missed) == (RunState.COMPLETED, Cause.DUE, 0)
    assert auto_names(server.server_id) == [f"auto-{run.due_at:%Y-%m-%d-%H%M}"]
    made = Operation.objects.get()
    assert (made.actor_id, made.reason) == (desk.user.pk, "Schedule: nightly")


def test_the_log_names_the_schedule_its_owner_and_the_channel(desk, clock):
    schedule = define(desk)
    clock.move_to(next_hour())
    finish(desk, clock)
    rows = Entry.objects.filter(channel="schedule").order_by("sequence")
    assert [(row.action, row.result) for row in rows if row.action != Action.CREATE] == [
        ("job.start", "completed"),
        ("job.end", "completed"),
        ("schedule.run", "completed"),
    ]
    assert {row.actor_id for row in rows} == {desk.user.pk}
    assert rows.last().target == schedule.name
    assert rows.filter(action=Action.CREATE, phase="intent").exists()


def test_it_keeps_the_newest_and_deletes_only_its_own(desk, clock):
    schedule = define(desk, keep=Keep(last=2))
    server = schedule.servers.get()
    others = set(names_on(server.server_id))
    first = next_hour()
    work_until(desk, clock, first + timedelta(hours=4, minutes=40))
    assert Run.objects.filter(state=RunState.COMPLETED).count() == 5
    expected = [f"auto-{first + timedelta(hours=hours):%Y-%m-%d-%H%M}" for hours in (3, 4)]
    assert auto_names(server.server_id) == expected
    assert others <= set(names_on(server.server_id))
    deleted = Operation.objects.filter(action=Action.DELETE)
    assert {one.snapshot_name.partition("-")[0] for one in deleted} == {"auto"}


def test_a_protected_one_stays_and_counts(desk, clock):
    schedule = define(desk, keep=Keep(last=1))
    server = schedule.servers.get()
    first = next_hour()
    work_until(desk, clock, first + timedelta(minutes=40))
    (kept,) = auto_names(server.server_id)
    view = desk.server(server.server_name)
    protect(
        actor=desk.actor,
        target=target_of(desk, view, next(one for one in view.snapshots if one.name == kept)),
    )
    work_until(desk, clock, first + timedelta(hours=2, minutes=40))
    assert kept in auto_names(server.server_id)
    assert len(auto_names(server.server_id)) == 2


def test_on_a_server_locked_against_deletions_all_stay_until_the_lock_ends(desk, clock):
    schedule = define(desk, keep=Keep(last=1))
    server = schedule.servers.get()
    first = next_hour()
    lock(
        actor=desk.actor,
        server_id=server.server_id,
        server_name=server.server_name,
        reason="month's end",
        covers_deletes=True,
        until=first + timedelta(hours=1, minutes=50),
    )
    work_until(desk, clock, first + timedelta(hours=1, minutes=40))
    assert len(auto_names(server.server_id)) == 2
    assert set(Run.objects.values_list("state", flat=True)) == {RunState.COMPLETED}
    work_until(desk, clock, first + timedelta(hours=2, minutes=40))
    assert len(auto_names(server.server_id)) == 1


def test_one_that_was_renamed_past_the_portal_is_not_deleted(desk, clock):
    schedule = define(desk, keep=Keep(last=1))
    server = schedule.servers.get()
    first = next_hour()
    work_until(desk, clock, first + timedelta(minutes=40))
    SandboxSnapshot.objects.filter(name__startswith="auto-").update(name="keep-this")
    work_until(desk, clock, first + timedelta(hours=2, minutes=40))
    assert "keep-this" in names_on(server.server_id)


def test_on_a_full_server_without_one_of_its_own_nothing_is_deleted(desk, clock):
    schedule = define(desk, keep=Keep(last=1))
    server = schedule.servers.get()
    view = desk.server(server.server_name)
    for number in range(view.limit - view.used):
        desk.create(view, name=f"by-hand-{number}")
    clock.shift(60 * 15)
    clock.move_to(next_hour())
    run = finish(desk, clock)
    assert (run.state, run.code) == (RunState.FAILED, "limit_reached")
    assert not Operation.objects.filter(action=Action.DELETE).exists()
    row = Entry.objects.get(action="schedule.run")
    assert (row.result, row.code) == ("failed", "limit_reached")


def test_the_newest_on_the_server_is_spared_when_what_was_newer_has_gone(desk, clock):
    """The rotation was planned while a newer snapshot existed; by the time of the delete it is gone."""
    schedule = define(desk, keep=Keep(last=1))
    server = schedule.servers.get()
    first = next_hour()
    work_until(desk, clock, first + timedelta(minutes=40))
    (old,) = auto_names(server.server_id)
    clock.move_to(first + timedelta(hours=1))
    runs.run_due()
    work(desk)
    create, delete = Job.objects.first().steps.order_by("position")
    assert (create.action, delete.action) == (Action.CREATE, Action.DELETE)
    for _ in range(12):
        clock.shift(60)
        desk.views()
    SandboxSnapshot.objects.filter(server_id=server.server_id).exclude(name=old).delete()
    run = finish(desk, clock)
    assert (run.state, run.code) == (RunState.PARTLY, "newest")
    assert auto_names(server.server_id) == [old]


def test_a_deletion_that_waited_for_the_grace_time_spares_the_newest_too(desk, clock, settings):
    settings.SNAPPORTAL_DELETE_GRACE_DAYS = 1
    schedule = define(desk, keep=Keep(last=1))
    server = schedule.servers.get()
    work_until(desk, clock, next_hour() + timedelta(hours=1, minutes=40))
    planned = PlannedDeletion.objects.get()
    assert (planned.state, planned.spares_newest) == ("waiting", True)
    service.pause(actor=desk.actor, schedule=schedule)
    SandboxSnapshot.objects.filter(server_id=server.server_id).exclude(pk=planned.snapshot_id).delete()
    run_at(clock, planned.due_at)
    planned.refresh_from_db()
    assert (planned.state, planned.code) == ("refused", "newest")
    assert SandboxSnapshot.objects.filter(pk=planned.snapshot_id).exists()


def test_a_run_that_has_not_ended_is_never_overlapped(desk, clock):
    define(desk, cron="* * * * *")
    clock.shift(60)
    runs.run_due()
    work(desk)
    clock.shift(60)
    runs.run_due()
    assert sorted(Run.objects.values_list("state", "code")) == [("running", ""), ("skipped", "overlap")]
    assert Job.objects.count() == 1


def test_three_due_times_of_a_downtime_are_one_run_that_says_so(desk, clock):
    define(desk)
    clock.move_to(next_hour() + timedelta(hours=2, minutes=10))
    run = finish(desk, clock)
    assert (run.cause, run.missed) == (Cause.CATCH_UP, 2)
    assert Operation.objects.count() == 1
    row = Entry.objects.get(action="schedule.run")
    assert row.full_evidence.endswith("It stands for 2 earlier due times, at which no worker ran.")


def test_a_clock_that_is_set_back_repeats_no_due_time(desk, clock):
    schedule = define(desk)
    due = next_hour()
    clock.move_to(due)
    finish(desk, clock)
    clock.move_to(due - timedelta(minutes=10))
    silence.correct_due_times()
    schedule.refresh_from_db()
    assert schedule.next_due_at == due
    clock.move_to(due)
    work(desk)
    assert Run.objects.count() == 1
    schedule.refresh_from_db()
    assert schedule.next_due_at == due + timedelta(hours=1)


def test_a_clock_that_was_ahead_leaves_no_due_time_in_the_far_future(desk, clock):
    schedule = define(desk)
    now = timezone.now()
    clock.shift(timedelta(days=400))
    runs.run_due()
    clock.move_to(now)
    assert silence.correct_due_times() == 1
    schedule.refresh_from_db()
    assert schedule.next_due_at == next_hour()


def test_a_run_waits_for_a_provider_that_does_not_answer(desk, clock, double):
    double.answer = ask_sandbox
    define(desk, cron="0 0 * * *")
    clock.move_to((timezone.now() + timedelta(days=1)).replace(hour=0, minute=0))
    double.answer = refuse_connections
    for _ in range(4):
        runs.run_due()
        clock.shift(300)
    assert Run.objects.get().state == RunState.WAITING
    double.answer = ask_sandbox
    run = finish(desk, clock)
    assert run.state == RunState.COMPLETED
    assert Operation.objects.count() == 1


def test_a_provider_that_stays_away_fails_the_run_before_the_next_one_is_due(desk, clock, double):
    double.answer = ask_sandbox
    define(desk)
    clock.move_to(next_hour())
    double.answer = refuse_connections
    for _ in range(5):
        runs.run_due()
        clock.shift(timedelta(minutes=20))
    first, second = Run.objects.order_by("due_at")
    assert (first.state, first.code) == (RunState.FAILED, "not_confirmed_live")
    assert second.state == RunState.WAITING
    assert not Operation.objects.exists()


def test_all_servers_are_those_of_the_time_of_the_run(desk, clock):
    define(desk, covers_all=True, keep=Keep())
    clock.move_to(next_hour())
    run = finish(desk, clock)
    listed = {view.server_id for view in desk.views() if not view.is_gone}
    assert set(Job.objects.get(pk=run.job_id).steps.values_list("server_id", flat=True)) == listed


def test_two_workers_claim_a_due_time_once(desk, clock):
    """The second one has read the schedule before the first one claimed it."""
    schedule = define(desk)
    clock.move_to(next_hour())
    seen_by_both = Schedule.objects.get(pk=schedule.pk)
    assert runs._claim(Schedule.objects.get(pk=schedule.pk))
    assert not runs._claim(seen_by_both)
    assert Run.objects.count() == 1


def test_a_run_whose_worker_died_after_the_job_was_started_takes_the_job_over(desk, clock):
    define(desk)
    clock.move_to(next_hour())
    runs._claim_due()
    run = Run.objects.get()
    runs._start_job(run, desk.token, runs._read(run, desk.token))
    assert finish(desk, clock).state == RunState.COMPLETED
    assert Job.objects.count() == 1
