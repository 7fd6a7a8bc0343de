"""What pages of the filtered log cost: `python -m tests.bench.search [sqlite | postgresql] [--rows N] [--rounds N]`.

Fills a log of 10,000 rows and one of N (1,000,000), and requests each page of both in turn, through Django's test client. Times
are of CPU, of this process and of PostgreSQL's for its connection, in milliseconds: least, median and greatest; then the
median by the clock, and the ratio of the medians. It only prints: figures of a busy machine prove nothing.

Writing 5 million rows takes about 20 minutes and 9 GB in the folder for temporary files (TMPDIR).
"""

import argparse
import json
import logging
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.support import postgres
from tests.support.portal_process import ROOT

SMALL = 10_000


def queries(rows: int) -> dict[str, dict[str, str]]:
    """The name of each page, and its query string."""
    from tests.bench import bulk_log, search_rows

    middle = f"{bulk_log.FIRST_TIME.date() + (bulk_log.time_of(rows // 2) - bulk_log.FIRST_TIME):%Y-%m-%d}"
    return {
        "first page": {},
        "last page": {"after": "0"},
        "action": {"action": "snapshot.restore"},
        "action, last page": {"action": "snapshot.restore", "after": "0"},
        "area, frequent": {"area": "operations"},
        "area, frequent, last page": {"area": "operations", "after": "0"},
        "area, half as frequent": {"area": "sign-ins"},
        "area, rare": {"area": "administration"},
        "area of a person": {"area": "sign-ins", "person": "Person 3"},
        "token of all rows": {"token": bulk_log.TARGET["token_fingerprint"]},
        "result, frequent": {"result": "completed"},
        "result, rare": {"result": search_rows.RARE_RESULT},
        "no result recorded": {"result": "pending"},
        "person": {"person": "Person 3"},
        "one server": {"server": "web-server-005"},
        "one server, by ID": {"server": "10005"},
        "part of a name, 80 servers": {"server": "db-server"},
        "part of a name, all servers": {"server": "server"},
        "a server of the older half": {"server": "legacy-mail"},
        "one day": {"since": middle, "until": middle},
        "common word": {"text": search_rows.COMMON_WORD},
        "common word, last page": {"text": search_rows.COMMON_WORD, "after": "0"},
        "word with an umlaut": {"text": "rückkehr"},
        "rare word": {"text": search_rows.RARE_WORD},
        "word of the older half": {"text": search_rows.FORMER_SERVER},
        "word that is nowhere": {"text": "Zyzzyva"},
        "nowhere, of frequent parts": {"text": "production database"},
        "person's name": {"text": "Person 3"},
        "address": {"text": "203.0.113.7"},
        "two letters": {"text": "up"},
        "two letters that are nowhere": {"text": "qq"},
        "common word of a person": {"text": search_rows.COMMON_WORD, "person": "Person 3"},
    }


def _connection_seconds() -> float:
    """CPU seconds of PostgreSQL's process for this connection, to the nanosecond; 0 on SQLite."""
    from django.db import connection

    if connection.vendor != "postgresql":
        return 0.0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(Path(f"/proc/{cursor.fetchone()[0]}/schedstat").read_text().split()[0]) / 1e9


def _fill(rows: int) -> None:
    """Write the rows before the indexes of the search are made, as for a log that is older than they are."""
    from django.core.management import call_command
    from django.db import connection

    from tests.bench import bulk_log, search_rows

    call_command("migrate", verbosity=0)
    call_command("migrate", "audit", "0005", verbosity=0)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":  # nobody needs this database after a failure
            for pragma in ("journal_mode=OFF", "synchronous=OFF", "secure_delete=OFF", "cache_size=-500000"):
                cursor.execute(f"PRAGMA {pragma}")
    bulk_log.Writer(search_rows.Rows(rows)).append(rows)
    began = time.monotonic()
    call_command("migrate", "audit", verbosity=0)
    print(f"indexes of {rows} rows made in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # SQLite is never analyzed by the portal
            cursor.execute("VACUUM ANALYZE")


def serve(rows: int) -> None:
    """Answer each name of a page on standard input with the milliseconds that it took: of CPU, and by the clock."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    django.setup()
    from django.test import Client

    from snapportal.accounts.models import User
    from snapshots.audit.models import Entry

    if not Path(os.environ["SNAPPORTAL_DATA_DIR"], "filled").exists():
        _fill(rows)
        Path(os.environ["SNAPPORTAL_DATA_DIR"], "filled").touch()
    person, _is_new = User.objects.get_or_create(username="auditor", defaults={"role": "auditor"})
    logging.disable()
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(person)
    asked = queries(rows)
    asked["request's ID"] = {"text": Entry.objects.get(sequence=rows // 2).request_id}
    print(json.dumps(list(asked)), flush=True)
    for line in sys.stdin:
        print(json.dumps(_measure(client, asked[line.strip()])), flush=True)


def _measure(client: Any, query: dict[str, str], path: str = "/audit/") -> tuple[float, float]:
    clock, cpu, database = time.monotonic(), time.process_time(), _connection_seconds()
    answer = client.get(path, query)
    used = time.process_time() - cpu + _connection_seconds() - database
    assert answer.status_code == 200
    return used * 1000, (time.monotonic() - clock) * 1000


@contextmanager
def _server(rows: int, folder: Path, url: str) -> Iterator["subprocess.Popen[str]"]:
    own = folder / str(rows)
    own.mkdir(exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.search", "--serve", "--rows", str(rows)],
        cwd=ROOT,
        env=os.environ
        | {"SNAPPORTAL_DATA_DIR": str(own), "SNAPPORTAL_DATABASE_URL": url or f"sqlite:///{own}/log.sqlite3"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


def _ask(process: "subprocess.Popen[str]", name: str) -> list[float]:
    assert process.stdin and process.stdout
    process.stdin.write(name + "\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def _words(times: list[list[float]]) -> str:
    cpu = [one[0] for one in times]
    clock = statistics.median(one[1] for one in times)
    return f"{min(cpu):.0f} / {statistics.median(cpu):.0f} / {max(cpu):.0f} | {clock:.0f}"


def compare(rows: int, rounds: int, folder: Path, urls: dict[int, str]) -> None:
    with ExitStack() as stack:
        servers = {
            size: stack.enter_context(_server(size, folder, urls.get(size, ""))) for size in (SMALL, rows)
        }
        names, _same = (json.loads(server.stdout.readline()) for server in servers.values() if server.stdout)
        print(f"| page | {SMALL} rows: CPU, ms | clock | {rows} rows: CPU, ms | clock | ratio |")
        print("| --- | --- | --- | --- | --- | --- |")
        for name in names:
            for server in servers.values():
                _ask(server, name)
            times = {size: [] for size in servers}
            for _ in range(rounds):
                for size, server in servers.items():
                    times[size].append(_ask(server, name))
            least, most = (statistics.median(one[0] for one in times[size]) for size in servers)
            print(f"| {name} | {' | '.join(map(_words, times.values()))} | {most / least:.1f} |", flush=True)


@contextmanager
def _databases(arguments: argparse.Namespace) -> Iterator[dict[int, str]]:
    """Size of the log → URL of an empty database; none for SQLite."""
    if arguments.database == "sqlite":
        yield {}
        return
    with postgres.cluster() as small, postgres.cluster() as large:
        yield {SMALL: small, arguments.rows: large}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("database", nargs="?", default="sqlite", choices=["sqlite", "postgresql"])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--keep", type=Path, help="keep the data in this folder, and use what is in it")
    parser.add_argument("--urls", nargs=2, help="databases to be used, of the small and of the large log")
    parser.add_argument("--serve", action="store_true", help="used by the program itself")
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.rows)
        return
    sizes = (SMALL, arguments.rows)
    with ExitStack() as stack:
        folder = arguments.keep or Path(stack.enter_context(TemporaryDirectory(prefix="snapportal-bench-")))
        urls = dict(zip(sizes, arguments.urls or (), strict=False))
        compare(arguments.rows, arguments.rounds, folder, urls or stack.enter_context(_databases(arguments)))


if __name__ == "__main__":
    main()
