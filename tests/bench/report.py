"""What the monthly report costs: `python -m tests.bench.report [sqlite | postgresql] [--rows N] [--rounds N] [--keep FOLDER]`.

Fills a log of N (1,000,000) rows, 5,000 a day, as tests.bench.search does, and requests the report of one month, and one in
which all rows are of one month. Times are those of tests.bench.search; the last column is by how much the process has grown.
"""

import argparse
import logging
import os
import resource
import statistics
import subprocess
import sys
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.support import postgres
from tests.support.portal_process import ROOT

MONTH = "2026-03"


def measure(rows: int, rounds: int) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    django.setup()
    from django.test import Client

    from snapportal.accounts.models import User
    from snapshots.audit.reporting.months import Month
    from tests.bench import bulk_log, search

    filled = Path(os.environ["SNAPPORTAL_DATA_DIR"], "filled")
    if not filled.exists():
        search._fill(rows)
        filled.touch()
    person, _is_new = User.objects.get_or_create(username="auditor", defaults={"role": "auditor"})
    logging.disable()
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(person)
    _print_times(f"one month of {rows} rows", client, rounds)
    Month.since = property(lambda _month: bulk_log.FIRST_TIME)  # type: ignore[method-assign, assignment]
    Month.until = property(lambda _month: bulk_log.time_of(rows) + timedelta(days=1))  # type: ignore[method-assign, assignment]
    _print_times(f"all {rows} rows as one month", client, rounds)


def _print_times(name: str, client: Any, rounds: int) -> None:
    from tests.bench import search

    query = {"month": MONTH}
    search._measure(client, query, "/audit/report/")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    times = [search._measure(client, query, "/audit/report/") for _ in range(rounds)]
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    cpu, clock = zip(*times, strict=True)
    words = " / ".join(f"{one / 1000:.2f}" for one in (min(cpu), statistics.median(cpu), max(cpu)))
    print(f"| {name} | {words} s of CPU | {statistics.median(clock) / 1000:.2f} s | {grown} MB |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("database", nargs="?", default="sqlite", choices=["sqlite", "postgresql"])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="keep the data in this folder, and use what is in it")
    parser.add_argument("--serve", action="store_true", help="used by the program itself")
    arguments = parser.parse_args()
    if arguments.serve:
        measure(arguments.rows, arguments.rounds)
        return
    with ExitStack() as stack:
        folder = arguments.keep or Path(stack.enter_context(TemporaryDirectory(prefix="snapportal-bench-")))
        own = folder / str(arguments.rows)
        own.mkdir(exist_ok=True)
        is_sqlite = arguments.database == "sqlite"
        url = f"sqlite:///{own}/log.sqlite3" if is_sqlite else stack.enter_context(postgres.cluster())
        size = ["--rows", str(arguments.rows), "--rounds", str(arguments.rounds)]
        subprocess.run(
            [sys.executable, "-m", "tests.bench.report", "--serve", *size],
            cwd=ROOT,
            env=os.environ | {"SNAPPORTAL_DATA_DIR": str(own), "SNAPPORTAL_DATABASE_URL": url},
            check=True,
        )


if __name__ == "__main__":
    main()
