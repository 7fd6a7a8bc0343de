"""Kill the sender of a stream and its collector with SIGKILL, and compare what was collected with the log.

    .venv/bin/python -m tests.support.kill_streams --rounds 100

Each round writes rows, starts a sender, and kills the sender or the collector at a named point or at a random moment.
Afterwards: every row of the log was collected, in order, with its hash (0 rows lost), and a row that was collected again
lay behind the cursor when its round began, so its delivery had not been confirmed (0 unexplained duplicates).
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.support import stream_collector_process
from tests.support.kill_setup import fork, set_up
from tests.support.kill_writers import kill_self
from tests.support.stream_collectors import KEY

SENDER_POINTS = ("after_claim", "before_send", "after_send", "before_advance", "after_advance", "random")
COLLECTOR_POINTS = ("before_store", "in_store", "after_store")
POINTS = (*SENDER_POINTS, *COLLECTOR_POINTS, "random_collector")
EXPECTED_ENDS = {
    "random": {0, -signal.SIGKILL},
    "random_collector": {0, 1},
    **{point: {1} for point in COLLECTOR_POINTS},
}
LEASE_SECONDS = 0.2
MAX_LIFETIME_SECONDS = 0.15


class CollectorProcess:
    """The collector; `start` forks it again on the same port, with another point at which it kills itself."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.port = 0
        self.start("never")

    def start(self, point: str) -> None:
        reading, writing = os.pipe()

        def collect() -> None:
            with os.fdopen(writing, "w") as said:
                stream_collector_process.collect(self.port, self.path, point, said)

        self.process = fork(collect)
        os.close(writing)
        with os.fdopen(reading) as output:
            self.port = int(output.readline())

    def kill(self) -> None:
        if self.process:
            os.kill(
                self.process, signal.SIGKILL
            )  # it may have killed itself: its process ID lasts until waitpid
            os.waitpid(self.process, 0)
            self.process = 0


def set_kill_point(point: str) -> None:
    """Make this sender kill itself at a named point."""
    from snapshots.audit.streaming import cursors
    from snapshots.audit.streaming.webhook import Webhook

    def kill_after(target: object, name: str) -> None:
        original: Callable[..., object] = getattr(target, name)

        def wrapped(*args: object, **kwargs: object) -> None:
            original(*args, **kwargs)
            kill_self()

        setattr(target, name, wrapped)

    def kill_before(target: object, name: str) -> None:
        assert hasattr(target, name), name
        setattr(target, name, lambda *args, **kwargs: kill_self())

    match point:
        case "after_claim":
            kill_after(cursors, "claim")
        case "before_send":
            kill_before(Webhook, "send")
        case "after_send":
            kill_after(Webhook, "send")
        case "before_advance":
            kill_before(cursors, "advance")
        case "after_advance":
            kill_after(cursors, "advance")


def send(port: int) -> str:
    """The state in which sending ended: `current` or `failed`. Waits while the claim of a killed sender lasts."""
    from snapshots.audit.streaming.sender import State, send_rows
    from snapshots.audit.streaming.webhook import Webhook

    channel = Webhook(f"http://127.0.0.1:{port}/", [KEY], public_only=False)
    while True:
        turn = send_rows(channel, is_patient=False, lease_seconds=LEASE_SECONDS)
        if turn.state not in {State.BUSY, State.SENT}:
            return turn.state
        time.sleep(0.02)


def start_sender(port: int, point: str) -> int:
    """Fork a sender, which kills itself at its point or ends with 0 (all was sent) or 1 (the collector has died)."""
    from django.db import connection

    connection.close()
    if connection.vendor == "postgresql":
        connection.close_pool()  # otherwise both processes would use the pool's connection
    child = os.fork()
    if child == 0:
        try:
            set_kill_point(point)
            os._exit({"current": 0, "failed": 1}[send(port)])
        finally:
            os._exit(3)  # an exception
    return child


def cursor_position() -> int:
    from snapshots.audit.streaming.models import StreamCursor

    return StreamCursor.objects.filter(stream="webhook").values_list("sequence", flat=True).first() or 0


def read_collected(path: Path) -> list[list[tuple[int, str]]]:
    """The rows of each complete batch in the collector's file, in the order in which they were stored."""
    complete = path.read_bytes().rpartition(b"\n")[0]
    batches = [json.loads(line)["data"]["rows"] for line in complete.splitlines()]
    return [[(row["sequence"], row["hash"]) for row in batch] for batch in batches]


def write_rows(count: int) -> None:
    from snapshots.audit import journal

    actor = journal.Actor(id=1, name="Kim", role="manager")
    with journal.committed():
        for number in range(count):
            journal.record(actor.entry(action="person.sign_in", target=str(number)))


def compare(batches: list[list[tuple[int, str]]], positions: list[int]) -> dict[str, int]:
    """`positions`: for each batch, where the cursor was when the batch's round began."""
    from snapshots.audit.models import Entry

    log = dict(Entry.objects.order_by("sequence").values_list("sequence", "hash"))
    collected: dict[int, str] = {}
    out_of_order = repeated = unexplained = 0
    for batch, position in zip(batches, positions, strict=True):
        for sequence, row_hash in batch:
            out_of_order += sequence > len(collected) + 1
            if sequence in collected:
                repeated += 1
                unexplained += sequence <= position or collected[sequence] != row_hash
            collected[sequence] = row_hash
    return {
        "rows": len(log),
        "batches": len(batches),
        "repeated": repeated,
        "rows_lost": sum(collected.get(sequence) != row_hash for sequence, row_hash in log.items()),
        "unexplained_duplicates": unexplained,
        "out_of_order": out_of_order,
    }


def run_round(collector: CollectorProcess, point: str, rng: random.Random) -> None:
    if point in COLLECTOR_POINTS:
        collector.kill()
        collector.start(point)
    child = start_sender(collector.port, point)
    if point == "random":
        time.sleep(rng.random() * MAX_LIFETIME_SECONDS)
        os.kill(child, signal.SIGKILL)
    elif point == "random_collector":
        time.sleep(rng.random() * MAX_LIFETIME_SECONDS)
        collector.kill()
    _, status = os.waitpid(child, 0)
    ended = os.waitstatus_to_exitcode(status)
    assert ended in EXPECTED_ENDS.get(point, {-signal.SIGKILL}), f"{point}: the sender ended with {ended}"
    if point in {*COLLECTOR_POINTS, "random_collector"}:
        collector.kill()
        collector.start("never")


def run(rounds: int, seed: int, folder: Path) -> dict[str, int]:
    rng = random.Random(seed)
    set_up(str(folder))
    from snapshots.audit.streaming import batches

    batches.MAX_ROWS = 4  # several batches in a round
    path = folder / "collected.jsonl"
    collector = CollectorProcess(path)
    positions: list[int] = []
    try:
        for number in range(rounds):
            position = cursor_position()
            write_rows(rng.randint(1, 9))
            run_round(collector, POINTS[number % len(POINTS)], rng)
            positions += [position] * (len(read_collected(path)) - len(positions))
        position = cursor_position()
        assert send(collector.port) == "current"
        positions += [position] * (len(read_collected(path)) - len(positions))
    finally:
        collector.kill()
    return {"kills": rounds} | compare(read_collected(path), positions)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = run(options.rounds, options.seed, Path(folder))
    print(json.dumps(figures))
    sys.exit(any(figures[name] for name in ("rows_lost", "unexplained_duplicates", "out_of_order")))


if __name__ == "__main__":
    main()
