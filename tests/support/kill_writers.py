"""Kill writing workers with SIGKILL, at random moments and at named points, and compare the log with the provider.

    .venv/bin/python -m tests.support.kill_writers --rounds 1000

Each round forks a worker that creates and deletes snapshots through the operations package against a provider in another
process, and kills it. Afterwards: every write that the provider received has an intent in the log (0 writes without a
durable intent); every operation that a worker reported as committed is still there (0 rows lost); every intent without an
outcome is an open operation that the pages show (0 invisible); and the chain verifies.
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support import kill_setup

if TYPE_CHECKING:
    from tests.support.desk import Desk

POINTS = (
    "before_intent",
    "in_intent",
    "after_intent",
    "after_sent",
    "before_send",
    "after_send",
    "in_outcome",
    "random",
)
ROOT = Path(__file__).resolve().parents[2]
MAX_LIFETIME_SECONDS = 0.25
CLAIM_SECONDS = 1.0
"""Instead of twenty: for how long the next worker waits for one that died before its intent; a look takes milliseconds here."""


def fetch_json(url: str, method: str = "GET") -> dict[str, list[list[str]]]:
    request = urllib.request.Request(url, method=method, data=b"" if method == "POST" else None)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def set_up(data_dir: str) -> None:
    """Set up Django in this process with its own SQLite file."""
    kill_setup.set_up(data_dir)
    from django.conf import settings

    from snapshots.operations import idempotency

    idempotency.claim_seconds = lambda: CLAIM_SECONDS
    settings.CACHES["default"]["BACKEND"] = "django.core.cache.backends.locmem.LocMemCache"


def make_manager_desk(token: str) -> "Desk":
    """The desk of a new manager with this token."""
    from snapportal.accounts.models import User
    from tests.support.desk import make_desk

    person = User.objects.create_user(username="kim", password=None, name="Kim", role="manager")
    return make_desk(person, token)


@contextmanager
def portal_and_provider() -> Iterator[tuple[str, str]]:
    """Both with databases in a new folder: the address of the provider, which the portal uses, and a token."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "portal").mkdir()
        set_up(f"{folder}/portal")
        with kill_setup.provider(Path(folder, "provider")) as (address, token):
            from django.conf import settings

            settings.SNAPPORTAL_API_URL = address
            yield address, token


def kill_self() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def set_kill_point(point: str) -> None:
    """Make this worker kill itself at a named point of a write."""
    from snapshots.audit import journal
    from snapshots.operations import dispatch, service
    from snapshots.upstream.client import SnapshotClient

    def before(target: object, name: str) -> None:
        assert hasattr(target, name), name
        setattr(target, name, lambda *args, **kwargs: kill_self())

    def after(target: object, name: str) -> None:
        original: Callable[..., object] = getattr(target, name)

        def wrapped(*args: object, **kwargs: object) -> None:
            original(*args, **kwargs)
            kill_self()

        setattr(target, name, wrapped)

    match point:
        case "before_intent":
            before(service, "_commit_intent")
        case "in_intent":
            after(journal, "intend")
        case "after_intent":
            after(service, "_commit_intent")
        case "after_sent":
            after(dispatch, "mark_sent")
        case "before_send":
            before(SnapshotClient, "create_snapshot")
            before(SnapshotClient, "delete_snapshot")
        case "after_send":
            after(SnapshotClient, "create_snapshot")
            after(SnapshotClient, "delete_snapshot")
        case "in_outcome":
            after(journal, "conclude")


def work(desk: object, report_fd: int, name: str) -> None:
    """Create and delete until killed. Report each operation that returned, and so must be durable, to the parent."""
    from snapshots.operations.models import Action

    number = 0
    while True:
        view = next(one for one in desk.views() if one.name.startswith("mail") or one.used < one.limit)  # type: ignore[attr-defined]
        own_snapshots = [one for one in view.snapshots if one.name.startswith("kill-")]
        if own_snapshots and (view.is_full or number % 2):
            snapshot = own_snapshots[0]
            operation = desk.delete(view, snapshot, desk.confirm(Action.DELETE, view, snapshot))  # type: ignore[attr-defined]
        elif not view.is_full:
            operation = desk.create(view, name=f"kill-{name}-{number}")  # type: ignore[attr-defined]
        else:
            snapshot = view.snapshots[-1]
            operation = desk.delete(view, snapshot, desk.confirm(Action.DELETE, view, snapshot))  # type: ignore[attr-defined]
        os.write(report_fd, f"{operation.pk} {operation.state}\n".encode())
        number += 1


def run_round(desk: object, number: int, rng: random.Random, point: str) -> list[str]:
    """Fork one worker and kill it. Returns the lines that it reported before."""
    from django.db import connections

    from snapshots import connection

    connections.close_all()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        connection._http.cache_clear()
        try:
            set_kill_point(point)
            work(desk, writing, str(number))
        finally:
            os._exit(3)  # reached only if the worker was not killed: a failure
    os.close(writing)
    if point == "random":
        time.sleep(rng.random() * MAX_LIFETIME_SECONDS)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    with os.fdopen(reading) as pipe:
        reported = pipe.read().splitlines()
    if not os.WIFSIGNALED(status):
        raise AssertionError(f"round {number} at {point}: the worker ended by itself")
    return reported


def compare(received: list[list[str]], reported: list[str]) -> dict[str, int]:
    """Compare the provider's writes, the log and the workers' reports: the counts, and the four that must be 0."""
    from django.conf import settings

    from snapshots.audit import chain
    from snapshots.audit.models import Entry
    from snapshots.operations.models import Operation, State

    intents = list(Entry.objects.filter(phase="intent"))
    outcomes = set(Entry.objects.filter(phase="outcome").values_list("operation_id", flat=True))
    operations = {operation.pk: operation for operation in Operation.objects.all()}
    created = [entry for entry in intents if entry.action == "snapshot.create"]
    deleted = [entry.snapshot_id for entry in intents if entry.action == "snapshot.delete"]
    posts = [path for method, path in received if method == "POST"]
    deletes = [int(path.rstrip("/").rsplit("/", 1)[1]) for method, path in received if method == "DELETE"]
    without = max(0, len(posts) - len(created)) + len([one for one in deletes if one not in deleted])
    lost = 0
    known = {str(pk): operation.state for pk, operation in operations.items()}
    for line in reported:
        operation_id, state = line.split()
        lost += operation_id not in known or (state != State.SENT and known[operation_id] == State.PENDING)
    open_ones = [entry for entry in intents if entry.operation_id not in outcomes]
    invisible = [
        entry
        for entry in open_ones
        if entry.operation_id not in operations or not operations[entry.operation_id].is_open
    ]
    verdict = chain.verify(
        Entry.objects.order_by("sequence").values().iterator(), settings.SNAPPORTAL_AUDIT_KEYS
    )
    return {
        "provider_writes": len(received),
        "intents": len(intents),
        "reported": len(reported),
        "left_open": len(open_ones),
        "writes_without_intent": without,
        "rows_lost": lost,
        "invisible": len(invisible),
        "chain_broken": int(verdict.first_broken is not None),
    }


def run(rounds: int, seed: int, progress: Callable[[str], None] = print) -> dict[str, int]:
    rng = random.Random(seed)
    with portal_and_provider() as (address, token):
        desk = make_manager_desk(token)
        reported: list[str] = []
        for number in range(rounds):
            reported += run_round(desk, number, rng, POINTS[number % len(POINTS)])
            if number % 100 == 99:
                progress(f"{number + 1} of {rounds} killed")
        calls = fetch_json(f"{address}/_calls")
        return compare(calls["writes"], reported)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    figures = run(options.rounds, options.seed)
    print(json.dumps(figures))
    bad = sum(figures[key] for key in ("writes_without_intent", "rows_lost", "invisible", "chain_broken"))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
