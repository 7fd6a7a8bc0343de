"""Kill the worker's part that makes and sends notifications with SIGKILL, and compare what was received with the log.

    .venv/bin/python -m tests.support.kill_notifications --rounds 100

Each round writes rows that are events, and forks a worker that kills itself at a named point or is killed at a random moment.
Afterwards one worker runs undisturbed: every event was received (0 lost), each person has each event once in the portal
(0 doubled), and a message that was received twice has the same ID both times (0 unexplained).
"""

import argparse
import json
import os
import random
import signal
import socket
import sys
import tempfile
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from tests.support.kill_setup import set_up
from tests.support.kill_writers import kill_self

POINTS = (
    "before_move",
    "after_move",
    "in_tell",
    "after_read",
    "after_combine",
    "before_send",
    "after_send",
    "after_end",
    "random",
)
MAX_LIFETIME_SECONDS = 0.15


def serve(listener: socket.socket, path: Path) -> int:
    """Fork a receiver that appends each message to a file before it answers. Returns its process ID."""
    child = os.fork()
    if child:
        return child

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            line = [self.headers["webhook-id"], [event["audit_sequence"] for event in body["data"]["events"]]]
            with path.open("a") as file:
                file.write(json.dumps(line) + "\n")
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = HTTPServer(listener.getsockname(), Handler, bind_and_activate=False)
    server.socket = listener
    server.serve_forever()
    os._exit(0)


def set_kill_point(point: str) -> None:
    from snapshots.notifications import channels, delivery, outbox

    def wrap(target: object, name: str, *, first: bool = False) -> None:
        original = getattr(target, name)

        def wrapped(*args: object, **kwargs: object) -> None:
            if not first:
                original(*args, **kwargs)
            kill_self()

        setattr(target, name, wrapped)

    match point:
        case "before_move":
            wrap(outbox, "_move", first=True)
        case "after_move":
            wrap(outbox, "_move")
        case "in_tell":
            wrap(outbox, "_tell_people")
        case "after_read":
            wrap(outbox, "_read_rows")
        case "after_combine":
            wrap(delivery, "combine")
        case "before_send":
            wrap(channels, "send", first=True)
        case "after_send":
            wrap(channels, "send")
        case "after_end":
            wrap(delivery, "_end")


def work() -> None:
    from snapshots.notifications import delivery, outbox

    while outbox.read_log():
        pass
    while delivery.combine() or delivery.deliver_due():
        pass


def run_worker(point: str, rng: random.Random) -> None:
    from django.db import connection

    connection.close()
    child = os.fork()
    if child == 0:
        try:
            set_kill_point(point)
            work()
            os._exit(0)
        finally:
            os._exit(3)  # an exception
    if point == "random":
        time.sleep(rng.random() * MAX_LIFETIME_SECONDS)
        os.kill(child, signal.SIGKILL)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    expected = {0, -signal.SIGKILL} if point in {"random", ""} else {-signal.SIGKILL}
    assert ended in expected, f"{point}: the worker ended with {ended}"


def write_events(count: int) -> None:
    from snapshots.audit import journal

    actor = journal.Actor(id=None, name="", role="", channel="command")
    with journal.committed():
        for number in range(count):
            journal.record(actor.entry(action="audit.verify", result="failed", evidence=str(number)))


def set_up_receivers(port: int) -> None:
    """A target, and an admin who is told in the portal. Nothing waits: pauses and claims end at once."""
    from snapportal.accounts.models import User
    from snapshots.notifications import delivery, outbox
    from tests.support.notifying import add_webhook

    outbox.read_log()
    User.objects.create_user("ada", None, name="Ada", role="admin")
    add_webhook(f"http://127.0.0.1:{port}/")
    delivery.SETTLE_SECONDS = delivery.DIGEST_SECONDS = delivery.CLAIM_SECONDS = 0.0  # type: ignore[misc]
    delivery.FIRST_PAUSE_SECONDS = 0.0  # type: ignore[misc]


def compare(path: Path, first: int) -> dict[str, int]:
    from snapshots.audit.models import Entry
    from snapshots.notifications.models import Delivery, Notification

    rows = set(
        Entry.objects.filter(sequence__gt=first, action="audit.verify").values_list("sequence", flat=True)
    )
    messages = [json.loads(line) for line in path.read_text().splitlines()]
    contents: dict[str, set[str]] = {}
    for identity, sequences in messages:
        contents.setdefault(identity, set()).add(json.dumps(sequences))
    received = {sequence for _identity, sequences in messages for sequence in sequences}
    ids_of = Counter(sequence for one in contents.values() for text in one for sequence in json.loads(text))
    told = Counter(Notification.objects.values_list("event__sequence", flat=True))
    return {
        "events": len(rows),
        "messages": len(messages),
        "repeated": len(messages) - len(contents),
        "lost": len(rows - received) + len(rows - set(told)),
        "doubled": sum(count > 1 for count in told.values()) + sum(count > 1 for count in ids_of.values()),
        "unexplained": sum(len(one) > 1 for one in contents.values()),
        "left": Delivery.objects.exclude(state="sent").count(),
    }


def run(rounds: int, seed: int, folder: Path) -> dict[str, int]:
    rng = random.Random(seed)
    set_up(str(folder))
    path = folder / "received.jsonl"
    path.touch()
    listener = socket.create_server(("127.0.0.1", 0))
    receiver = serve(listener, path)
    try:
        set_up_receivers(listener.getsockname()[1])
        from snapshots.audit.models import Entry

        first = Entry.objects.latest("sequence").sequence
        for number in range(rounds):
            write_events(rng.randint(1, 4))
            run_worker(POINTS[number % len(POINTS)], rng)
        run_worker("", rng)
        return {"kills": rounds} | compare(path, first)
    finally:
        os.kill(receiver, signal.SIGKILL)
        os.waitpid(receiver, 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = run(options.rounds, options.seed, Path(folder))
    print(json.dumps(figures))
    sys.exit(any(figures[name] for name in ("lost", "doubled", "unexplained", "left")))


if __name__ == "__main__":
    main()
