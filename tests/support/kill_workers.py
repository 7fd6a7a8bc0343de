"""Kill one of two workers with SIGKILL while they run a schedule, and count what the provider received.

    .venv/bin/python -m tests.support.kill_workers --rounds 200 [--postgres]

Each round makes a schedule due that rotates the snapshots of two servers, and starts two workers with everything that a
worker does. One kills itself at a named point of a write or of the schedule's run, or is killed at a random moment; the
other goes on. No step may reach the provider twice or get lost, a due time has one run and one job, and every run ends or
waits for evidence of a call whose answer was lost.
"""

import argparse
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.support import postgres
from tests.support.kill_jobs import LOOK_SECONDS, count_steps, jobs_waiting_for_evidence
from tests.support.kill_setup import fork
from tests.support.kill_writers import (
    POINTS,
    fetch_json,
    kill_self,
    make_manager_desk,
    portal_and_provider,
    set_kill_point,
)

if TYPE_CHECKING:
    from snapshots.operations.models import Operation
    from tests.support.desk import Desk

RUN_POINTS = {
    "in_claim": ("snapshots.schedules.runs", "Run.save"),
    "after_claim": ("snapshots.schedules.runs", "_claim"),
    "after_job": ("snapshots.schedules.runs", "_start_job"),
    "in_run_end": ("snapshots.schedules.runs", "count_result"),
    "in_job_end": ("snapshots.jobs.engine", "_sum_up"),
    "after_step": ("snapshots.jobs.engine", "_set"),
}
"""Where a worker kills itself just after this function: inside a transaction for the names that begin with in_."""
ALL_POINTS = (*POINTS, *RUN_POINTS)
NEVER = "0 0 1 1 *"
ABANDONED_AFTER = timedelta(seconds=1.5)
"""Instead of three minutes, so that a round is short; a call takes milliseconds here."""
EVIDENCE_AFTER = timedelta(seconds=3)
FRESH_SECONDS = 0.2
"""Instead of two, and of four or fifteen while something is followed: how long the lists are not read again."""
PAUSE_SECONDS = 0.2
"""Instead of five: how long a step that was refused for a passing reason is not tried again."""
ROUND_SECONDS = 20.0
LEASE_SECONDS = 1.0
"""Instead of half a minute or a whole one, so that the other worker takes over at once."""


def set_run_point(point: str) -> None:
    """Make this worker kill itself at a named point."""
    if point not in RUN_POINTS:
        set_kill_point(point)
        return
    from importlib import import_module

    module, names = RUN_POINTS[point]
    *path, name = names.split(".")
    owner: object = import_module(module)
    for part in path:
        owner = getattr(owner, part)
    original: Callable[..., object] = getattr(owner, name)

    def wrapped(*args: object, **kwargs: object) -> None:
        original(*args, **kwargs)
        kill_self()

    setattr(owner, name, wrapped)


def define_schedule(desk: "Desk") -> str:
    """Rotates two servers with room for two snapshots each. Returns its ID."""
    from snapshots.schedules import service
    from snapshots.schedules.definition import Definition, sign_preview
    from snapshots.schedules.retention import Keep

    roomy = [view for view in desk.views() if view.limit - view.used >= 2 and not view.is_gone][:2]
    assert len(roomy) == 2, "the sandbox has too few servers with room"
    definition = Definition(
        name="rotation",
        preset="cron",
        cron=NEVER,
        time_zone="UTC",
        name_pattern="auto-{date}-{time}",
        keep=Keep(last=1),
        servers=tuple((view.server_id, view.name) for view in roomy),
    )
    schedule = service.create_schedule(
        actor=desk.actor,
        token=desk.token,
        definition=definition,
        preview=sign_preview(definition, token_id=desk.token.pk, person_id=desk.user.pk),
        form_key="the-schedule",
    )
    return str(schedule.pk)


def work(schedule_id: str, due: str) -> None:
    """A whole worker, until the run of this due time has ended."""
    from snapshots.inventory import reader
    from snapshots.jobs import engine
    from snapshots.operations import following, reconciliation
    from snapshots.schedules import runs
    from snapshots.schedules.models import OPEN_RUNS, Run
    from snapshots.worker import loop, tasks

    reconciliation.ABANDONED_AFTER = ABANDONED_AFTER
    reader.FRESH_SECONDS = FRESH_SECONDS
    following._interval = lambda _operation: FRESH_SECONDS
    engine.pause_seconds = lambda *_tries, **_limits: PAUSE_SECONDS
    engine._takes_too_long = takes_too_long
    loop.LEASE_SECONDS = runs.LEASE_SECONDS = engine.LEASE_SECONDS = LEASE_SECONDS
    often = {"operations", "jobs", "schedules", "deletions"}
    worker = loop.Worker(
        [
            tasks.Task(name=one.name, every_seconds=0.0, run=one.run)
            for one in tasks.TASKS
            if one.name in often
        ],
        version="test",
    )
    deadline = time.monotonic() + ROUND_SECONDS

    def is_ended() -> bool:
        run = Run.objects.filter(schedule_id=schedule_id, due_at=due).first()
        return time.monotonic() > deadline or (run is not None and run.state not in OPEN_RUNS)

    worker.run(is_ended=is_ended, wait=lambda _seconds: time.sleep(LOOK_SECONDS))


def takes_too_long(operation: "Operation") -> bool:
    """Instead of ten minutes: how long a job waits for evidence of a call that was never received."""
    from django.utils import timezone

    return operation.state == "unknown" and timezone.now() - operation.created_at > EVIDENCE_AFTER


def run_round(schedule_id: str, number: int, rng: random.Random, point: str) -> None:
    from django.utils import timezone

    from snapshots.schedules.models import Schedule, State

    due = timezone.now()
    # Names of their own, as due times in different minutes have: one name twice would leave open which create made it.
    pattern = f"auto-{number}-{{date}}-{{time}}"
    fields = {"next_due_at": due, "state": State.ACTIVE, "code": "", "failures": 0, "name_pattern": pattern}
    Schedule.objects.filter(pk=schedule_id).update(**fields)

    def be_killed() -> None:
        set_run_point(point)
        work(schedule_id, str(due))

    killed = fork(be_killed)
    other = fork(lambda: work(schedule_id, str(due)))
    if point == "random":
        time.sleep(rng.random())
        os.kill(killed, signal.SIGKILL)
    os.waitpid(killed, 0)
    os.waitpid(other, 0)


def count(received: list[list[str]], rounds: int) -> dict[str, int]:
    """How the runs ended, and how often steps reached the provider twice or not at all."""
    from snapshots.jobs.models import Job
    from snapshots.schedules.models import OPEN_RUNS, Run

    waiting = jobs_waiting_for_evidence()
    runs = Run.objects.exclude(state="skipped")
    return {
        "rounds": rounds,
        "runs": runs.count(),
        "jobs": Job.objects.count(),
        "completed": runs.filter(state="completed").count(),
        "partly_or_failed": runs.filter(state__in=["partly", "failed"]).count(),
        "skipped": Run.objects.filter(state="skipped").count(),
        "still_open": runs.filter(state__in=OPEN_RUNS).exclude(job_id__in=waiting).count(),
        **count_steps(received),
        "due_times_lost": rounds - Run.objects.count(),
    }


@contextmanager
def new_postgres() -> Iterator[None]:
    """Django in this process uses a new database of PostgreSQL, without a pool, whose threads do not survive a fork."""
    from django.core.management import call_command

    with postgres.cluster() as url, postgres.opened(url):
        call_command("migrate", verbosity=0)
        yield


def run(rounds: int, seed: int, *, on_postgres: bool) -> dict[str, int]:
    rng = random.Random(seed)
    with portal_and_provider() as (address, token), new_postgres() if on_postgres else nullcontext():
        schedule_id = define_schedule(make_manager_desk(token))
        for number in range(rounds):
            run_round(schedule_id, number, rng, ALL_POINTS[number % len(ALL_POINTS)])
        return count(fetch_json(f"{address}/_calls")["writes"], rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--postgres", action="store_true")
    options = parser.parse_args()
    began = time.monotonic()
    figures = run(options.rounds, options.seed, on_postgres=options.postgres)
    print(f"{timedelta(seconds=round(time.monotonic() - began))}", file=sys.stderr)
    print(json.dumps(figures))
    bad = sum(figures[key] for key in ("sent_twice", "steps_lost", "still_open", "due_times_lost"))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
