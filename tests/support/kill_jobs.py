"""Kill one of two workers with SIGKILL while both move a job on, and count what the provider received.

    .venv/bin/python -m tests.support.kill_jobs --rounds 200

Each round starts a job and two workers that move it on. Eight rounds long the job deletes a snapshot of a full server and
creates one in its place; for the next eight it is a batch: a snapshot is created on several servers, or one of each is
deleted, in a lane of its own. One worker kills itself at a named point of a write, or is killed at a random moment; the
other goes on. No step may reach the provider twice or get lost, and every job must end, or wait for evidence of a call
whose answer was lost.
"""

import argparse
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from tests.support.kill_setup import fork
from tests.support.kill_writers import (
    POINTS,
    fetch_json,
    make_manager_desk,
    portal_and_provider,
    set_kill_point,
)

if TYPE_CHECKING:
    from snapshots.operations.server_views import ServerView
    from tests.support.desk import Desk

EVIDENCE_SECONDS = 1.5
"""How long a round waits for evidence of a call whose answer was lost: readings follow each other at once."""
FEWEST_LANES = 3
ABANDONED_AFTER = timedelta(seconds=2)
"""Instead of three minutes, so that a round is short."""
FRESH_SECONDS = 0.2
"""Instead of two: how long the lists are not read again."""

LOOK_SECONDS = 0.1
"""Between two looks of a worker: half of the time after which a look reads the lists again."""


def fill_server(desk: "Desk", number: int) -> "ServerView":
    """A server on which nothing is open, with as many snapshots as it may have."""
    while True:
        free = [one for one in desk.views() if not any(operation.is_open for operation in one.operations)]
        view = max(free, key=lambda one: one.used)
        if view.is_full:
            return view
        desk.create(view, name=f"filler-{number}-{view.used}")


def start_job(desk: "Desk", number: int) -> str:
    """A job on a full server: delete its oldest snapshot, create `job-<number>`. Returns its ID."""
    from snapshots.jobs import plans, service
    from snapshots.jobs.models import Kind
    from snapshots.jobs.room import room_key
    from snapshots.operations.models import Action

    view = fill_server(desk, number)
    lane = plans.Lane(view, "")
    oldest = view.snapshots[-1]
    steps = [
        *lane.room_steps(room_key(oldest), needed_id=None),
        lane.step(Action.CREATE, name=f"job-{number}"),
    ]
    steps[1].position = 1
    job = service.start(actor=desk.actor, kind=Kind.REPLACE, steps=steps, idempotency_key=f"round-{number}")
    return str(job.pk)


def start_batch(desk: "Desk", number: int) -> str:
    """A job on all servers on which nothing is open: a snapshot on each that has room, or one of each less. Returns its ID."""
    from tests.support.batches import create_many, delete_many

    free = [one for one in desk.views() if not any(operation.is_open for operation in one.operations)]
    with_room = [view for view in free if not view.is_full]
    if len(with_room) >= FEWEST_LANES:
        return str(create_many(desk, with_room, name=f"batch-{number}").pk)
    return str(delete_many(desk, [(view, view.snapshots[-1]) for view in free if view.snapshots]).pk)


def move_on(desk: "Desk", job_id: str) -> None:
    """What a worker does, until the job has ended or waits for evidence."""
    from snapshots.inventory import reader
    from snapshots.jobs import engine
    from snapshots.jobs.models import Job, Step
    from snapshots.operations import reconciliation
    from snapshots.operations.models import Operation

    reconciliation.ABANDONED_AFTER = ABANDONED_AFTER
    reader.FRESH_SECONDS = FRESH_SECONDS
    unknown_since = None
    while Job.objects.get(pk=job_id).is_running:
        desk.views()
        engine.advance_now(job_id)  # type: ignore[arg-type]  # without the lease: both workers may try the same step
        time.sleep(LOOK_SECONDS)
        if not Operation.objects.unknown().filter(
            pk__in=Step.objects.filter(job_id=job_id).values("operation_id")
        ):
            unknown_since = None
        elif unknown_since is None:
            unknown_since = time.monotonic()
        elif time.monotonic() - unknown_since > EVIDENCE_SECONDS:
            return


def run_round(desk: "Desk", number: int, rng: random.Random, point: str) -> None:
    is_batch = number // len(POINTS) % 2
    job_id = start_batch(desk, number) if is_batch else start_job(desk, number)

    def be_killed() -> None:
        set_kill_point(point)
        move_on(desk, job_id)

    killed = fork(be_killed)
    other = fork(lambda: move_on(desk, job_id))
    if point == "random":
        time.sleep(rng.random())
        os.kill(killed, signal.SIGKILL)
    os.waitpid(killed, 0)
    os.waitpid(other, 0)


def made_twice(desk: "Desk", number: int) -> int:
    """How many snapshots of this round's name a server has more than one."""
    names = {f"job-{number}", f"batch-{number}"}
    made = Counter(view.server_id for view in desk.views() for one in view.snapshots if one.name in names)
    return sum(times - 1 for times in made.values())


def jobs_waiting_for_evidence() -> set[UUID]:
    from snapshots.jobs.models import Step
    from snapshots.operations.models import Operation

    unknown = Operation.objects.unknown().values("pk")
    return set(Step.objects.filter(operation_id__in=unknown).values_list("job_id", flat=True))


def count_steps(received: list[list[str]]) -> dict[str, int]:
    """How often steps reached the provider twice, or not at all although they are completed."""
    from snapshots.jobs.models import Step, StepState
    from snapshots.operations.models import Operation

    deletes = Counter(path for method, path in received if method == "DELETE")
    posts = sum(method == "POST" for method, _ in received)
    sent = Operation.objects.exclude(sent_at=None).filter(action="snapshot.create").count()
    done = Step.objects.filter(state=StepState.COMPLETED)
    made = done.filter(action="snapshot.create").count()
    return {
        "sent_twice": sum(times - 1 for times in deletes.values()) + max(0, posts - sent),
        "steps_lost": done.filter(operation_id=None).count() + max(0, made - posts),
    }


def count(received: list[list[str]], rounds: int) -> dict[str, int]:
    """How the jobs ended, and how often steps reached the provider twice or not at all."""
    from snapshots.jobs.models import Job, Step

    waiting = jobs_waiting_for_evidence()
    return {
        "jobs": rounds,
        "completed": Job.objects.filter(state="completed").count(),
        "stopped": Job.objects.filter(state="stopped").count(),
        "waiting_for_evidence": len(waiting),
        "lanes": Step.objects.values("job_id", "lane").distinct().count(),
        "still_running": Job.objects.filter(state="running").exclude(pk__in=waiting).count(),
        **count_steps(received),
    }


def run(rounds: int, seed: int) -> dict[str, int]:
    rng = random.Random(seed)
    with portal_and_provider() as (address, token):
        desk = make_manager_desk(token)
        twice = 0
        for number in range(rounds):
            run_round(desk, number, rng, POINTS[number % len(POINTS)])
            twice += made_twice(desk, number)
        figures = count(fetch_json(f"{address}/_calls")["writes"], rounds)
        return figures | {"sent_twice": figures["sent_twice"] + twice}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    figures = run(options.rounds, options.seed)
    print(json.dumps(figures))
    sys.exit(1 if figures["sent_twice"] or figures["steps_lost"] or figures["still_running"] else 0)


if __name__ == "__main__":
    main()
