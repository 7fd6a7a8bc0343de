"""What a page costs beside `/livez` of the same process: `python -m tests.bench.pages [sqlite | postgresql] [--operations N]`.

Starts one portal with one worker process and a provider of its own process, and asks for each page again and again on
one connection. Each round measures `/livez` and every page, by the processor time of the portal's process; the database
and the cache of PostgreSQL's run are not in it. Printed are the least, the middle and the greatest ratio of all rounds.
"""

import argparse
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection

from tests.bench import nodes
from tests.bench.nodes import Node

ROUNDS = 7
SECONDS_OF_WORK = 0.4
"""Processor time that one measurement of a page uses up at least."""
LOG_ROWS = 2_000


@dataclass
class Row:
    """One line of the table. `ask` gives the address and headers of a round; `goal` is the ratio to reach, 0 if there is none."""

    name: str
    ask: Callable[[], tuple[str, dict[str, str]]]
    goal: float
    status: int = 200
    cpu: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)


def send(connection: HTTPConnection, address: str, headers: dict[str, str], status: int) -> None:
    connection.request("GET", address, headers=headers)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == status, (address, answer.status)


def seconds_a_request(node: Node, row: Row) -> float:
    """Processor time of one request, after one that fills what is read once."""
    connection = node.connect()
    address, headers = row.ask()
    send(connection, address, headers, row.status)
    start, count = node.cpu_seconds(), 0
    while (used := node.cpu_seconds() - start) < SECONDS_OF_WORK:
        for _ in range(20):
            send(connection, address, headers, row.status)
        count += 20
    connection.close()
    return used / count


def open_page(node: Node, path: str, cookie: str) -> str:
    """The HTML of a whole page."""
    connection = node.connect()
    connection.request("GET", path, headers={"Cookie": cookie})
    answer = connection.getresponse()
    text = answer.read().decode()
    assert answer.status == 200, (path, answer.status)
    return text


def rows(node: Node, cookies: dict[str, str]) -> list[Row]:
    def page(path: str, who: str) -> Callable[[], tuple[str, dict[str, str]]]:
        return lambda: (path, {"Cookie": cookies[who]})

    def poll() -> tuple[str, dict[str, str]]:
        address, version = nodes.polled(open_page(node, "/", cookies["small"]))
        return address, {"Cookie": cookies["small"], "HX-Request": "true", "X-Version": version}

    def card_poll() -> tuple[str, dict[str, str]]:
        """The card of a server's own page, which is never kept: as after a change, it is made from its beginning."""
        server = nodes.first_server(open_page(node, "/", cookies["small"]))
        address, _version = nodes.polled(open_page(node, server, cookies["small"]), element="server-")
        return address, {"Cookie": cookies["small"], "HX-Request": "true"}

    keys = {size: nodes.make_key(size) for size in ("small", "medium")}

    def listed(key: str) -> tuple[str, dict[str, str]]:
        return "/api/v1/snapshots/", {"Authorization": key}

    return [
        Row("/livez", lambda: ("/livez", {}), 0),
        Row("help page", page("/help/", "small"), 0),
        Row("a poll when nothing has changed", poll, 2, status=204),
        Row("a poll that brings a change", card_poll, 4),
        Row("list, 1 server, 5 snapshots", page("/", "small"), 4),
        Row("list, 20 servers, 100 snapshots", page("/", "medium"), 10),
        Row("list, 200 servers, 1,000 snapshots", page("/", "large"), 12),
        Row("audit list", page("/audit/", "auditor"), 5),
        Row("API: list of 5 snapshots", lambda: listed(keys["small"]), 2.5),
        Row("API: list of 100 snapshots", lambda: listed(keys["medium"]), 2.5),
    ]


def measure(node: Node, found: list[Row]) -> None:
    for _ in range(ROUNDS):
        nodes.show_a_worker()
        for row in found:
            row.cpu.append(seconds_a_request(node, row))
            row.ratios.append(row.cpu[-1] / found[0].cpu[-1])


def table(found: list[Row]) -> str:
    """The rows in Markdown."""
    lines = ["| page | CPU, ms | least | ratio | greatest | goal |", "| --- | --- | --- | --- | --- | --- |"]
    for row in found:
        figures = [
            f"{statistics.median(row.cpu) * 1000:.2f}",
            *(f"{show(row.ratios):.1f}" for show in (min, statistics.median, max)),
            f"≤ {row.goal}" if row.goal else "",
        ]
        lines.append(f"| {row.name} | {' | '.join(figures)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("database", nargs="?", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--operations", type=int, default=0, help="completed ones, of all servers together")
    chosen = parser.parse_args()
    with nodes.place(chosen.database) as where:
        cookies = nodes.prepare(where)
        from tests.bench import bulk_log, many_operations

        bulk_log.Writer(bulk_log.MIXED_KINDS).append(LOG_ROWS)
        if chosen.operations:
            many_operations.fill(chosen.operations, where)
        with where.node() as node:
            found = rows(node, cookies)
            measure(node, found)
            print(table(found))


if __name__ == "__main__":
    main()
