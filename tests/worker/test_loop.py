"""The worker's loop: what is due runs once among several workers, and a failure ends nothing else."""

import time
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.core.management import call_command
from django.db import OperationalError, connection
from django.utils import timezone

from snapshots.worker import status
from snapshots.worker.loop import Worker
from snapshots.worker.models import TaskRun, WorkerProcess
from snapshots.worker.tasks import DAY, HOUR, TASKS, Task, TaskError, clear_cache, run_command
from tests.support.jobs import start_safe_restore
from tests.support.schedules import define

pytestmark = pytest.mark.django_db(transaction=True)


class Counter:
    """A task's function that counts its runs and may fail."""

    def __init__(self, error: Exception | None = None) -> None:
        self.runs = 0
        self.error = error

    def __call__(self) -> int:
        self.runs += 1
        if self.error:
            raise self.error
        return 1


def worker(*tasks: Task) -> Worker:
    """A worker whose intervals follow the clock that tests move."""
    return Worker(list(tasks), version="test", monotonic=time.time)


def test_a_frequent_task_runs_again_after_its_interval():
    count = Counter()
    one = worker(Task(name="often", every_seconds=2, run=count))
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        one.tick()
        one.tick()
        assert count.runs == 1
        clock.shift(3)
        one.tick()
    assert count.runs == 2


def test_a_shared_task_runs_once_among_several_workers(monkeypatch):
    """As on PostgreSQL, where all of them work."""
    monkeypatch.setattr(connection, "vendor", "postgresql")
    count = Counter()
    for _ in range(5):
        worker(Task(name="hourly", every_seconds=HOUR, run=count)).tick()
    assert count.runs == 1
    TaskRun.objects.update(due_at=timezone.now())
    worker(Task(name="hourly", every_seconds=HOUR, run=count)).tick()
    assert count.runs == 2


def test_on_sqlite_one_works_and_another_takes_over_when_it_is_gone(monkeypatch):
    monkeypatch.setattr(connection, "vendor", "sqlite")
    first, second = Counter(), Counter()
    one = worker(Task(name="a", every_seconds=1, run=first))
    other = worker(Task(name="a", every_seconds=1, run=second))
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        one.tick()
        other.tick()
        assert (first.runs, second.runs) == (1, 0)
        assert WorkerProcess.objects.get(pk=other.id).is_standby
        clock.shift(31)  # the first one was killed
        other.tick()
    assert second.runs == 1
    assert not WorkerProcess.objects.get(pk=other.id).is_standby


def test_a_worker_that_keeps_working_keeps_its_place(monkeypatch):
    monkeypatch.setattr(connection, "vendor", "sqlite")
    first, second = Counter(), Counter()
    one = worker(Task(name="a", every_seconds=1, run=first))
    other = worker(Task(name="a", every_seconds=1, run=second))
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        for _ in range(20):
            one.tick()
            other.tick()
            clock.shift(5)
    assert (first.runs, second.runs) == (20, 0)


def test_a_task_that_fails_is_named_and_the_others_run():
    after = Counter()
    broken = Counter(TaskError("the disk is full"))
    one = worker(
        Task(name="broken", every_seconds=HOUR, run=broken), Task(name="after", every_seconds=1, run=after)
    )
    assert one.tick() == 1
    assert after.runs == 1
    assert TaskRun.objects.get(name="broken").error == "TaskError: the disk is full"


def test_a_database_that_is_away_ends_nothing(monkeypatch):
    one = worker(Task(name="a", every_seconds=1, run=Counter()))

    def away(*args, **kwargs):
        raise OperationalError("connection refused")

    with monkeypatch.context() as broken:
        broken.setattr(WorkerProcess.objects, "update_or_create", away)
        assert one.tick() == 0
    assert one.tick() == 1


def test_a_worker_that_ends_leaves_its_place_at_once():
    first = worker(Task(name="a", every_seconds=1, run=Counter()))
    first.run_once()
    assert not WorkerProcess.objects.exists()
    count = Counter()
    worker(Task(name="a", every_seconds=1, run=count)).tick()
    assert count.runs == 1


def test_daily_tasks_are_due_at_night():
    task = Task(name="nightly", every_seconds=DAY, run=Counter())
    assert task.next_due(datetime(2026, 11, 28, 12, tzinfo=UTC)) == datetime(2026, 11, 29, 3, tzinfo=UTC)
    assert task.next_due(datetime(2026, 11, 28, 2, tzinfo=UTC)) == datetime(2026, 11, 28, 3, tzinfo=UTC)
    assert task.next_due(datetime(2026, 11, 28, 3, tzinfo=UTC)) == datetime(2026, 11, 29, 3, tzinfo=UTC)


def test_a_command_that_ends_with_a_code_is_a_failed_task_with_what_it_printed(settings):
    settings.SNAPPORTAL_AUDIT_KEYS = {}
    with pytest.raises(TaskError, match="SNAPPORTAL_AUDIT_KEYS is empty"):
        run_command("verify_audit")


@pytest.mark.usefixtures("cast")
def test_one_turn_of_all_real_tasks_on_an_almost_empty_portal_names_no_failure(settings, tmp_path):
    settings.SNAPPORTAL_ANCHOR_FILE = str(tmp_path / "anchors.jsonl")
    from snapshots.audit import journal
    from snapshots.audit.journal import Actor

    journal.record(Actor(id=None, name="", role="").entry(action="person.sign_out"))
    worker(*TASKS).tick()
    assert {row.name: row.error for row in TaskRun.objects.all()} == {
        "anchor": "",
        "checkpoint": "",
        "clear": "",
        "forget": "",
        "forget_changes": "",
        "verify": "",
    }


def test_a_worker_is_missed_once_it_is_silent_or_work_waits():
    assert not status.is_missed()
    worker().tick()
    assert status.is_alive()
    WorkerProcess.objects.update(seen_at=timezone.now() - timedelta(seconds=61))
    assert not status.is_alive()
    assert status.is_missed()


def test_a_worker_that_never_ran_is_missed_once_a_schedule_waits_for_it(desk):
    schedule = define(desk)
    assert not status.is_missed()
    type(schedule).objects.update(next_due_at=timezone.now() - timedelta(seconds=61))
    assert status.is_missed()


@pytest.mark.parametrize(
    "start",
    [
        lambda desk: desk.create(desk.server()),
        lambda desk: start_safe_restore(desk, desk.server()),
    ],
)
def test_a_worker_that_never_ran_is_missed_once_an_operation_or_a_job_waits_for_it(desk, start):
    waiting = start(desk)
    assert not status.is_missed()
    type(waiting).objects.filter(pk=waiting.pk).update(created_at=timezone.now() - timedelta(seconds=61))
    assert status.is_missed()


def test_pages_say_that_the_worker_is_missing(cast, signed_in):
    browser = signed_in(cast.ada)
    assert "worker is not running" not in browser.get("/help/").content.decode()
    worker().tick()
    WorkerProcess.objects.update(seen_at=timezone.now() - timedelta(minutes=2))
    assert "worker is not running" in browser.get("/help/").content.decode()
    assert "No worker is running" in browser.get("/system/").content.decode()


def test_readiness_names_the_worker_but_does_not_depend_on_it(client):
    answer = client.get("/readyz")
    assert (answer.json()["worker"], answer.status_code) == ("missing", 200)
    worker().tick()
    assert client.get("/readyz").json()["worker"] == "ok"


def test_expired_rows_leave_the_cache_and_others_stay():
    call_command("createcachetable", verbosity=0)
    cache.clear()  # tests that commit leave rows
    with time_machine.travel(datetime.now(UTC) - timedelta(hours=1)):
        cache.set("old", 1, 60)
    cache.set("new", 1, 60)
    assert clear_cache() == 1
    assert cache.get("new") == 1
    cache.clear()
