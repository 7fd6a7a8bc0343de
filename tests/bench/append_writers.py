"""Many processes append to the log at once: `python -m tests.bench.append_writers [sqlite | postgresql] [--fast-disk]`.

Each round lets 16 processes write for some seconds through journal.py, and then for as long plain rows of the same shape, with
the same indexes, each in a durable transaction of its own but with neither the log's lock nor a link to the row before. Printed
are the rows a second of each round and their ratio, and how even the shares of the writers are: the least and the greatest
share as multiples of an even one. Commits wait for the disk, as in production; with --fast-disk they do not, which shows what
remains where a disk confirms a write at once.
"""

import argparse
import os
import secrets
import statistics
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import django

REPORT = struct.Struct("=qd")
"""What a writer reports: its rows, and the processor time that it used for them."""

Write = Callable[[int], None]


@dataclass(frozen=True)
class Round:
    """The rows of each writer in `seconds`, and the processor time of all of them together."""

    rows: list[int]
    cpu: float
    seconds: float

    @property
    def rate(self) -> float:
        return sum(self.rows) / self.seconds

    @property
    def cpu_a_row(self) -> float:
        return self.cpu / sum(self.rows)

    @property
    def shares(self) -> tuple[float, float]:
        """The least and the greatest, as multiples of an even share."""
        even = sum(self.rows) / len(self.rows)
        return min(self.rows) / even, max(self.rows) / even


def chained(number: int) -> Write:
    """Appends through the journal, as the operations of 16 people would."""
    from snapshots.audit import journal
    from tests.bench.bulk_log import TARGET

    actor = journal.Actor(id=number, name=f"Person {number}", role="manager", address=f"203.0.113.{number}")
    return lambda _visit: (journal.record(actor.entry(**TARGET)), None)[1]


def plain_model() -> Any:
    """A model of the log's columns and indexes, whose sequence the database counts."""
    from django.db import models

    from snapshots.audit.models import Entry

    fields = {
        field.name: field.clone() for field in Entry._meta.concrete_fields if field.name != "sequence"
    } | {"sequence": models.BigAutoField(primary_key=True)}
    indexes = [models.Index(fields=one.fields, name=f"plain{one.name[5:]}") for one in Entry._meta.indexes]
    meta = type("Meta", (), {"app_label": "bench", "db_table": "bench_plain", "indexes": indexes})
    return type("Plain", (models.Model,), fields | {"__module__": __name__, "Meta": meta})


def plain(model: Any) -> Callable[[int], Write]:
    """Inserts rows like the first of the log."""
    from django.db import transaction

    from snapshots.audit.models import Entry

    first = Entry.objects.order_by("sequence").first()
    assert first
    values = {name: value for name, value in first.row.items() if name != "sequence"}

    def write(_visit: int) -> None:
        own = {name: secrets.token_hex(32) for name in ("previous_hash", "hash")}
        with transaction.atomic(durable=True):
            model(**values | own | {"salt": secrets.token_hex(16)}).save(force_insert=True)

    return lambda _number: write


def _work(write: Write, ready: int, start: int, report: int, seconds: float) -> None:
    """Announce readiness with a byte, wait until the other end of `start` is closed, write, and report."""
    from snapshots.audit.models import Entry

    Entry.objects.exists()  # opens the connection before the start
    os.write(ready, b".")
    os.close(ready)
    os.read(start, 1)
    until, cpu, done = time.monotonic() + seconds, time.process_time(), 0
    for done in count():
        if time.monotonic() >= until:
            break
        write(done)
    os.write(report, REPORT.pack(done, time.process_time() - cpu))


def run_round(make: Callable[[int], Write], writers: int, seconds: float) -> Round:
    """Let this many forks of this process write for so long. It has no connection of its own meanwhile."""
    from django.db import connections

    connections.close_all()
    pipes = [os.pipe() for _ in range(3)]
    (is_ready, ready), (start, is_started), (reports, report) = pipes
    children = []
    for number in range(writers):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                os.close(is_started)
                _work(make(number), ready, start, report, seconds)
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    for unused in (ready, start, report):
        os.close(unused)
    assert len(b"".join(iter(lambda: os.read(is_ready, 1), b""))) == writers
    os.close(is_started)
    begun = time.monotonic()
    failed = [child for child in children if os.waitpid(child, 0)[1]]
    assert not failed, "a writer failed"
    elapsed = time.monotonic() - begun
    data = b"".join(iter(lambda: os.read(reports, 4096), b""))
    os.close(is_ready)
    os.close(reports)
    found = list(REPORT.iter_unpack(data))
    return Round([rows for rows, _cpu in found], sum(cpu for _rows, cpu in found), elapsed)


@contextmanager
def database(name: str, *, is_durable: bool = True) -> Iterator[None]:
    """An empty, migrated installation of the portal's own settings."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="snapportal-bench-")))
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "snapportal.settings",
            "SNAPPORTAL_DATA_DIR": str(folder),
        }
        if name == "postgresql":
            from tests.support import postgres

            os.environ["SNAPPORTAL_DATABASE_URL"] = stack.enter_context(
                postgres.cluster(is_durable=is_durable)
            )
        django.setup()
        from django.conf import settings
        from django.core.management import call_command

        settings.DATABASES["default"]["OPTIONS"].pop("pool", None)  # its threads do not survive a fork
        if name == "sqlite" and not is_durable:
            settings.DATABASES["default"]["OPTIONS"]["init_command"] += ";PRAGMA synchronous=OFF"
        call_command("migrate", verbosity=0)
        yield


def show(name: str, rounds: list[Round]) -> None:
    rates = [one.rate for one in rounds]
    print(
        f"{name}: {min(rates):.0f} / {statistics.median(rates):.0f} / {max(rates):.0f} rows a second "
        f"(least, median, greatest round); {statistics.median(one.cpu_a_row for one in rounds) * 1e3:.2f} ms of CPU a row; "
        f"shares {min(one.shares[0] for one in rounds):.2f} to {max(one.shares[1] for one in rounds):.2f}"
    )


def measure(writers: int, seconds: float, rounds: int) -> None:
    from django.db import connection

    from snapshots.audit import tree_verification

    chained(0)(0)
    model = plain_model()
    with connection.schema_editor() as editor:
        editor.create_model(model)
    write_plain = plain(model)
    found: tuple[list[Round], list[Round]] = [], []
    for _ in range(rounds):
        found[0].append(run_round(chained, writers, seconds))
        found[1].append(run_round(write_plain, writers, seconds))
    show("chained  ", found[0])
    show("unchained", found[1])
    ratios = [one.rate / other.rate for one, other in zip(*found, strict=True)]
    print(f"ratio: {min(ratios):.2f} / {statistics.median(ratios):.2f} / {max(ratios):.2f}")
    verdict = tree_verification.check_log_and_tree()
    assert verdict.holds and verdict.count == 1 + sum(sum(one.rows) for one in found[0]), verdict


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("database", nargs="?", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--writers", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=4, help="of each of the two halves of a round")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--fast-disk", action="store_true", help="commits do not wait for the disk")
    arguments = parser.parse_args()
    with database(arguments.database, is_durable=not arguments.fast_disk):
        measure(min(arguments.writers, 40), min(arguments.seconds, 30), min(arguments.rounds, 20))


if __name__ == "__main__":
    main()
