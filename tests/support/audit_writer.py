"""One of several processes that write the log at the same time: `python -m tests.support.audit_writer NUMBER ROWS`.

It prints "ready", waits for a line on standard input, and writes to the database that the environment names.
"""

import os
import sys

import django


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    from snapshots.audit import journal
    from snapshots.audit.models import Entry

    Entry.objects.exists()  # opens the connection before the start signal
    number, count = int(sys.argv[1]), int(sys.argv[2])
    actor = journal.Actor(id=number, name=f"Writer {number}", role="operator")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    for visit in range(count):
        journal.record(actor.entry(action="person.sign_in", target=str(visit)))


if __name__ == "__main__":
    main()
