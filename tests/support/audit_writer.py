"""Processes that write the log at the same time: `python -m tests.support.audit_writer WRITERS ROWS`.

They are forks of one process that has imported everything: starting each by itself takes longer than its rows. Each opens
its own connection to the database that the environment names. When all have, the program prints "ready", waits for a
line on standard input, and lets all begin. It fails if one of them fails.
"""

import os
import sys

import django


def _write_at_signal(number: int, rows: int, ready: int, start: int) -> None:
    """Announce readiness with a byte, wait until the other end of `start` is closed, and write the rows."""
    from snapshots.audit import journal
    from snapshots.audit.models import Entry

    Entry.objects.exists()  # opens the connection before the start signal
    actor = journal.Actor(id=number, name=f"Writer {number}", role="operator")
    os.write(ready, b".")
    os.close(ready)  # the program reads it to its end
    os.read(start, 1)
    for visit in range(rows):
        journal.record(actor.entry(action="person.sign_in", target=str(visit)))


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    writers, rows = int(sys.argv[1]), int(sys.argv[2])
    is_ready, ready = os.pipe()
    start, is_started = os.pipe()
    children = []
    for number in range(writers):
        child = os.fork()
        if child == 0:
            os.close(is_started)
            _write_at_signal(number, rows, ready, start)
            return
        children.append(child)
    os.close(ready)
    if len(b"".join(iter(lambda: os.read(is_ready, 1), b""))) != writers:
        sys.exit("a writer could not open the database")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    os.close(is_started)
    sys.exit(max(abs(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])) for child in children))


if __name__ == "__main__":
    main()
