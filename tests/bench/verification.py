"""What verifying the log costs: `python -m tests.bench.verification [--rows N] [--full] [--file FILE | --postgres]`.

Writes N rows (100,000) into a new database, signs a checkpoint, and writes 10,000 newer rows. Then it verifies the whole
log with its tree, as `manage.py verify_audit` does, and the rows since the checkpoint, as `manage.py checkpoint_audit`
does. Times are of CPU, in this process and in PostgreSQL's for this connection; the memory is the most that this process
held. `--file` keeps the SQLite database in this file, and verifies it again if it is there. `--postgres` starts a
PostgreSQL of its own. It only prints: figures of a busy machine prove nothing.
"""

import argparse
import os
import resource
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import django

TICKS = os.sysconf("SC_CLK_TCK")


def database_seconds() -> float:
    """CPU seconds of PostgreSQL's process for this connection, from the kernel; 0 on SQLite."""
    from django.db import connection

    if connection.vendor != "postgresql":
        return 0.0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        fields = Path(f"/proc/{cursor.fetchone()[0]}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def measure(name: str, rows: int, work: Callable[[], object]) -> None:
    start, wall, database = time.process_time(), time.monotonic(), database_seconds()
    work()
    seconds = time.process_time() - start
    database = database_seconds() - database
    print(
        f"{name}: {rows} rows, {seconds:.2f} s of CPU, {seconds / rows * 1e6:.1f} µs a row; "
        f"PostgreSQL {database:.2f} s; {time.monotonic() - wall:.2f} s by the clock",
        flush=True,
    )


def memory() -> float:
    """The most memory that this process held, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def write(arguments: argparse.Namespace) -> None:
    from django.db import connection

    from snapshots.audit import checkpoints
    from snapshots.audit.checkpoints import signing_keys
    from tests.bench import bulk_log

    if connection.vendor == "sqlite":  # nobody needs this database after a failure
        with connection.cursor() as cursor:
            for pragma in ("journal_mode=OFF", "synchronous=OFF", "secure_delete=OFF", "cache_size=-500000"):
                cursor.execute(f"PRAGMA {pragma}")
    writer = bulk_log.Writer(bulk_log.FULL_KINDS if arguments.full else bulk_log.MIXED_KINDS)
    measure("write", arguments.rows, lambda: writer.append(arguments.rows))
    checkpoints._append(signing_keys())
    writer.append(arguments.newer)
    connection.close()


def verify() -> None:
    from snapshots.audit import checkpoints, tree_verification
    from snapshots.audit.models import Entry

    count = Entry.objects.count()
    last = checkpoints.newest()
    assert last is not None
    before = memory()

    def whole() -> None:
        verdict = tree_verification.check_log_and_tree()
        assert (verdict.holds, verdict.count) == (True, count), verdict

    measure("whole log", count, whole)
    measure("since the checkpoint", count - last.size, lambda: checkpoints._check_rows(last))
    print(f"memory {memory():.0f} MiB, {before:.0f} MiB before verifying")


def run(arguments: argparse.Namespace, url: str, *, is_there: bool) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    os.environ["SNAPPORTAL_DATABASE_URL"] = url
    django.setup()
    from django.core.management import call_command

    if not is_there:
        call_command("migrate", "audit", verbosity=0)
        write(arguments)
    verify()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--newer", type=int, default=10_000, help="rows after the checkpoint")
    parser.add_argument("--full", action="store_true", help="all salted columns are filled")
    parser.add_argument("--file", type=Path)
    parser.add_argument("--postgres", action="store_true")
    arguments = parser.parse_args()
    if arguments.postgres:
        from tests.support import postgres

        with postgres.cluster() as url:
            run(arguments, url, is_there=False)
        return
    with TemporaryDirectory() as folder:
        file = arguments.file or Path(folder) / "log.sqlite3"
        run(arguments, f"sqlite:///{file}", is_there=file.exists())


if __name__ == "__main__":
    main()
