"""Memory of the portal's web workers: `python -m tests.bench.memory [sqlite | postgresql] [--workers 2] [--requests 10000]`.

Starts a portal, asks for polls and pages on one connection for each worker, and prints the memory of its main process and of each
worker, after the start and after the requests: what is its own (private), its share of what it has in common with others (PSS),
and all that it can see (RSS). What workers have in common was loaded before they were forked.

`--export N` instead writes a log of N rows, exports it as CSV and as JSON Lines with proofs, and prints how much the process
grew meanwhile: at most, and from a tenth of the rows to the end.
"""

import argparse
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

from tests.bench import nodes
from tests.bench.nodes import Node
from tests.bench.pages import open_page

MOST_REQUESTS, MOST_ROWS = 50_000, 5_000_000
MIX = {"poll": 88, "small": 8, "audit": 2, "medium": 1, "help": 1}
"""Requests of each kind in a hundred."""
LOG_ROWS = 2_000


@dataclass(frozen=True)
class Memory:
    """Of one process, in MiB."""

    private: float
    pss: float
    rss: float

    @classmethod
    def of(cls, pid: int | str) -> "Memory":
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        size = {name: int(kb) / 1024 for name, kb in re.findall(r"^(\w+): +(\d+) kB", text, re.MULTILINE)}
        return cls(size["Private_Clean"] + size["Private_Dirty"], size["Pss"], size["Rss"])

    def __str__(self) -> str:
        return f"private {self.private:.1f}, PSS {self.pss:.1f}, RSS {self.rss:.1f} MiB"


def show(node: Node, when: str) -> None:
    print(f"{when}\n  main process: {Memory.of(node.process.pid)}")
    for number, pid in enumerate(node.workers, 1):
        print(f"  worker {number}: {Memory.of(pid)}")


def requests(node: Node, cookies: dict[str, str]) -> list[tuple[str, dict[str, str]]]:
    """A hundred requests in the proportions of MIX."""
    address, version = nodes.polled(open_page(node, "/", cookies["small"]))
    small = {"Cookie": cookies["small"]}
    kinds = {
        "poll": (address, small | {"HX-Request": "true", "X-Version": version}),
        "small": ("/", small),
        "medium": ("/", {"Cookie": cookies["medium"]}),
        "audit": ("/audit/", {"Cookie": cookies["auditor"]}),
        "help": ("/help/", small),
    }
    return [kinds[kind] for kind, count in MIX.items() for _ in range(count)]


def send_all(node: Node, mix: list[tuple[str, dict[str, str]]], count: int) -> None:
    connection: HTTPConnection = node.connect()
    for number in range(count):
        address, headers = mix[number * 37 % len(mix)]
        connection.request("GET", address, headers=headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status in {200, 204}, (address, answer.status)
    connection.close()


def measure_workers(arguments: argparse.Namespace) -> None:
    with nodes.place(arguments.database) as where:
        cookies = nodes.prepare(where)
        from tests.bench import bulk_log

        bulk_log.Writer(bulk_log.MIXED_KINDS).append(LOG_ROWS)
        with where.node(WORKERS=str(arguments.workers)) as node:
            time.sleep(2)
            show(node, "after the start")
            mix, count = requests(node, cookies), arguments.requests
            clients = arguments.workers * 2
            for share in (count // 10, count - count // 10):
                threads = [
                    Thread(target=send_all, args=(node, mix, share // clients)) for _ in range(clients)
                ]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                show(node, f"after {share} requests" + (" more" if share > count // 2 else ""))


def chunk_sizes(format_name: str) -> Iterator[int]:
    from snapshots.audit import export
    from snapshots.audit.journal import Actor
    from snapshots.audit.models import Entry

    actor = Actor(id=1, name="Ada", role="auditor")
    file = export.begin(actor=actor, rows=Entry.objects.all(), format_name=format_name)
    for chunk in file.chunks:
        yield len(chunk)


def export_memory(format_name: str, rows: int) -> None:
    """Print what the process of a whole export grows by. 200 rows are a chunk."""
    Path("/proc/self/clear_refs").write_text("5")  # forget the greatest memory until now
    start, cpu, size, at_a_tenth = Memory.of("self").rss, time.process_time(), 0, 0.0
    for number, length in enumerate(chunk_sizes(format_name)):
        size += length
        if number == rows // 2000:
            at_a_tenth = Memory.of("self").rss
    peak = int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024
    print(
        f"export of {rows} rows as {format_name}: {size / 2**20:.0f} MiB, {time.process_time() - cpu:.0f} s of CPU; "
        f"from {start:.0f} MiB to {Memory.of('self').rss:.0f}, at most {peak:.0f}: +{peak - start:.1f}; "
        f"after the first tenth +{peak - at_a_tenth:.1f}",
        flush=True,
    )


def measure_export(rows: int) -> None:
    from django.core.management import call_command
    from django.db import connection

    from snapshots.audit import checkpoints
    from snapshots.audit.checkpoints import signing_keys
    from tests.bench import bulk_log

    call_command("migrate", "audit", verbosity=0)
    call_command("createcachetable", verbosity=0)
    if connection.vendor == "sqlite":  # nobody needs this database after a failure
        with connection.cursor() as cursor:
            for pragma in ("journal_mode=OFF", "synchronous=OFF", "secure_delete=OFF"):
                cursor.execute(f"PRAGMA {pragma}")
    bulk_log.Writer(bulk_log.MIXED_KINDS).append(rows)
    checkpoints._append(signing_keys())
    connection.close()
    for format_name in ("csv", "json"):
        export_memory(format_name, rows)


def run_export(database: str, rows: int) -> None:
    import django

    from tests.support import postgres

    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    if database == "postgresql":
        with postgres.cluster() as url:
            os.environ["SNAPPORTAL_DATABASE_URL"] = url
            django.setup()
            measure_export(rows)
        return
    with TemporaryDirectory() as folder:
        os.environ["SNAPPORTAL_DATABASE_URL"] = f"sqlite:///{folder}/log.sqlite3"
        django.setup()
        measure_export(rows)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("database", nargs="?", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--export", type=int, default=0, metavar="N", help="export a log of N rows instead")
    arguments = parser.parse_args()
    arguments.requests = min(arguments.requests, MOST_REQUESTS)
    if arguments.export:
        run_export(arguments.database, min(arguments.export, MOST_ROWS))
    else:
        measure_workers(arguments)


if __name__ == "__main__":
    main()
