"""Every measurement of docs/performance.md, one after another: `python -m tests.bench [--quick]`.

Each part runs in a process of its own and prints its own table; ratios are between figures of one part. The whole takes
about an hour and needs PostgreSQL's programs, redis-server and 10 GB of disk; `--quick`, with smaller logs and fewer
browsers, some ten minutes.
"""

import argparse
import subprocess
import sys
import time
from dataclasses import dataclass

from tests.support.portal_process import ROOT


@dataclass(frozen=True)
class Part:
    """`command` is what follows `python -m tests.bench.`; `quick` follows it for a short run, `full` for a long one."""

    title: str
    command: str
    quick: str = ""
    full: str = ""


PARTS = (
    Part("Pages and polls, SQLite", "pages sqlite"),
    Part("Pages and polls, PostgreSQL and Redis", "pages postgresql"),
    Part("The log's filters, SQLite", "search sqlite", "--rows 50000", "--rows 1000000"),
    Part("The log's filters, PostgreSQL", "search postgresql", "--rows 50000", "--rows 5000000"),
    Part("The monthly report, SQLite", "report sqlite", "--rows 50000", "--rows 1000000"),
    Part("Open pages on two nodes", "load", "--browsers 100 --seconds 20", "--browsers 1000 --seconds 60"),
    Part(
        "Open pages while a snapshot is being made",
        "load --moving",
        "--browsers 50 --seconds 20",
        "--browsers 300 --seconds 60",
    ),
    Part("A node is killed", "load --kill", "--browsers 100 --seconds 30", "--browsers 1000 --seconds 60"),
    Part("16 writers of the log, SQLite", "append_writers sqlite"),
    Part("16 writers of the log, PostgreSQL", "append_writers postgresql"),
    Part("Memory of the web workers", "memory", "--requests 500", "--requests 10000"),
    Part("Memory of exports, SQLite", "memory sqlite", "--export 20000", "--export 1000000"),
    Part("Memory of exports, PostgreSQL", "memory postgresql", "--export 20000", "--export 1000000"),
    Part("Verifying the log", "verification", "--rows 20000", "--rows 1000000"),
)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    is_quick = parser.parse_args().quick
    failed = []
    for part in PARTS:
        module, *options = f"{part.command} {part.quick if is_quick else part.full}".split()
        print(f"\n## {part.title}\n", flush=True)
        start = time.monotonic()
        command = [sys.executable, "-m", f"tests.bench.{module}", *options]
        if subprocess.run(command, cwd=ROOT, stderr=subprocess.DEVNULL, check=False).returncode:
            failed.append(part.title)
        print(f"\n{time.monotonic() - start:.0f} s", flush=True)
    if failed:
        sys.exit(f"could not be measured: {', '.join(failed)}")


if __name__ == "__main__":
    main()
