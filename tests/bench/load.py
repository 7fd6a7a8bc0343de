"""Open pages on two nodes: `python -m tests.bench.load [--browsers 1000] [--seconds 60] [--moving | --kill]`.

Starts a provider, PostgreSQL, Redis and two portals with one worker process each, and lets browsers (tests.bench.browsers) with
one person's session keep a list of one server open: one browser on one node, all of them on one node, all of them on both, and
all of them as 20 people who stored the same token. Printed are, of each, what answers took, the errors, the processor time of
the nodes, and what the provider was asked meanwhile. `--moving`: a snapshot is being made meanwhile, so that every page asks for
its card every four seconds too, and the provider is asked all the time.

`--kill`: the browsers are on both nodes, snapshots are created through both, and one node is killed in the middle
(tests.bench.outage). Neither PostgreSQL's nor Redis's processor time is in the figures.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from tests.bench import nodes, outage
from tests.bench.nodes import Node, Place
from tests.bench.pages import open_page
from tests.support.portal_process import ROOT

PEOPLE = 20
LIVEZ_REQUESTS = 100
MOST_SECONDS, MOST_BROWSERS = 90, 2000
LISTS = ("GET /api/vN/snapshots/", "GET /api/vN/servers/")


@dataclass(frozen=True)
class Run:
    """What browsers saw (browsers.Report), and what they cost: CPU seconds of each node, calls to the provider by kind.

    `cpu` is empty if a node has ended.
    """

    name: str
    browsers: int
    seconds: float
    report: dict
    cpu: list[float]
    calls: Counter[str]
    polls_a_second: float
    """That each page makes when it gets its answers at once."""
    elapsed: float
    """Seconds until the last browser ended."""
    livez: float
    """CPU seconds of a request to /livez just before or after, the lesser: how fast the machine was."""

    @property
    def answers(self) -> int:
        return sum(map(len, self.report["took"].values()))

    @property
    def cores_a_thousand(self) -> float:
        """Cores that a thousand pages take up that get all their answers in time."""
        return 1000 * self.polls_a_second * sum(self.cpu) / self.answers

    @property
    def readings_a_minute(self) -> float:
        """How often the lists were read from the provider."""
        return 60 * max(self.calls[one] for one in LISTS) / self.elapsed


def livez_seconds(node: Node) -> float:
    """CPU seconds that one request to /livez takes up."""
    connection, start = node.connect(), node.cpu_seconds()
    for _ in range(LIVEZ_REQUESTS):
        connection.request("GET", "/livez")
        connection.getresponse().read()
    connection.close()
    return (node.cpu_seconds() - start) / LIVEZ_REQUESTS


def outdated_versions(node: Node, cookies: list[str]) -> list[str]:
    """For each session a version of its list that no longer holds, because a row of the log came after it."""
    found = [nodes.polled(open_page(node, "/", cookie))[1] for cookie in cookies]
    nodes.write_a_row()
    return found


def browse(
    where: Place,
    name: str,
    used: list[Node],
    cookies: list[str],
    arguments: argparse.Namespace,
    *,
    count: int = 0,
    meanwhile: Callable[[], None] = lambda: None,
) -> Run:
    """Let `count` browsers (all of them) poll for the time that was asked for. `meanwhile` runs once they have begun."""
    count = count or arguments.browsers
    nodes.show_a_worker()
    outdated = outdated_versions(used[0], cookies)
    livez = livez_seconds(used[0])
    plan = {
        "ports": [node.port for node in used],
        "cookies": cookies,
        "outdated": outdated,
        "browsers": count,
        "seconds": arguments.seconds,
    }
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.browsers"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            process.stdin.write(json.dumps(plan) + "\n")
            process.stdin.flush()
            elements = json.loads(process.stdout.readline())["elements"]
            calls = where.count_calls()
            begun = time.monotonic()
            start = [node.cpu_seconds() for node in used]
            meanwhile()
            report = json.loads(process.stdout.readline())
        finally:
            process.kill()
    elapsed = time.monotonic() - begun
    calls = where.count_calls() - calls
    alive = all(node.process.poll() is None for node in used)
    cpu = [node.cpu_seconds() - before for node, before in zip(used, start, strict=True)] if alive else []
    often = sum(1 / one["every"] for one in elements)
    livez = min(livez, livez_seconds(used[0]))  # after the run it may still work off what was asked
    return Run(name, count, arguments.seconds, report, cpu, calls, often, elapsed, livez)


def milliseconds(took: list[float]) -> str:
    if len(took) < 2:
        return f"{1000 * sum(took):.0f}"
    ranked = statistics.quantiles(took, n=20, method="inclusive")
    return " / ".join(f"{1000 * one:.0f}" for one in (ranked[9], ranked[18], max(took)))


def show(run: Run) -> None:
    report = run.report
    print(f"\n{run.name}: {run.browsers} browsers, {run.seconds:.0f} s, {run.answers} answers", flush=True)
    for kind, took in sorted(report["took"].items()):
        print(f"  {kind}: {len(took)}, p50 / p95 / max {milliseconds(took)} ms")
    print(
        f"  statuses {report['statuses']}; errors {len(report['errors'])} {dict(Counter(report['errors']))}, "
        f"the longest {report['longest_error']:.2f} s; at the end {report['unanswered']} without an answer"
    )
    print(
        f"  connections: {report['opened']} opened, {report['resent']} requests sent again on a new one, "
        f"{report['moved']} moves to the other node"
    )
    if run.cpu:
        show_cost(run)
    print(f"  provider: {dict(run.calls)}", flush=True)


def show_cost(run: Run) -> None:
    an_answer = sum(run.cpu) / run.answers
    print(
        f"  CPU of the nodes {' + '.join(f'{one:.1f}' for one in run.cpu)} s, {1000 * an_answer:.2f} ms an answer, "
        f"{an_answer / run.livez:.1f} times /livez ({1000 * run.livez:.2f} ms); "
        f"the browsers themselves {run.report['cpu']:.1f} s"
    )
    if run.browsers == 1:
        return  # with one page the share of answers in full is another
    print(
        f"  a thousand pages at {run.polls_a_second * 1000:.0f} polls a second: {run.cores_a_thousand:.2f} cores"
    )


def ratios(one: Run, many: Run, two_nodes: Run, people: Run) -> None:
    print("\nreadings of the lists at the provider, a minute")
    for what, run, base in (
        ("all browsers / one browser", many, one),
        ("two nodes / one node", two_nodes, many),
        (f"{PEOPLE} people / one person", people, two_nodes),
    ):
        found, expected = run.readings_a_minute, base.readings_a_minute
        print(f"  {what}: {found:.1f} / {expected:.1f} = {found / (expected or 1):.2f}")


def begin_snapshot(where: Place) -> None:
    """Let the provider make a snapshot of the server that the browsers see; it takes longer than any run."""
    found = where.ask_provider("GET", "/api/v1/snapshots/", "small")["results"]
    where.ask_provider("DELETE", f"/api/v1/snapshots/{found[-1]['id']}/", "small")
    server = found[0]["server"]["id"]
    made = where.ask_provider("POST", "/api/v1/snapshots/", "small", server_id=server, name="in-progress")
    assert made["status"] == "in_progress", made


def compare(where: Place, both: list[Node], cookie: str, arguments: argparse.Namespace) -> None:
    if arguments.moving:
        begin_snapshot(where)
    people = [nodes.sign_in(f"viewer-{number}", "viewer", where.tokens["small"]) for number in range(PEOPLE)]
    plans = [
        ("one browser on one node", both[:1], [cookie], 1),
        ("one node", both[:1], [cookie], 0),
        ("two nodes", both, [cookie], 0),
        (f"two nodes, {PEOPLE} people with the same token", both, people, 0),
    ]
    runs = []
    for name, used, cookies, count in plans:
        runs.append(browse(where, name, used, cookies, arguments, count=count))
        show(runs[-1])
    ratios(*runs)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--browsers", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--workers", type=int, default=1, help="worker processes of each node")
    parser.add_argument("--moving", action="store_true", help="a snapshot is being made meanwhile")
    parser.add_argument("--kill", action="store_true", help="kill one node in the middle")
    arguments = parser.parse_args()
    arguments.seconds = min(arguments.seconds, MOST_SECONDS)
    arguments.browsers = min(arguments.browsers, MOST_BROWSERS)
    with nodes.place("postgresql") as where, ExitStack() as stack:
        cookies = nodes.prepare(where)
        settings = {"WORKERS": str(arguments.workers), "WORKER": "on" if arguments.kill else "off"}
        both = [stack.enter_context(where.node(**settings)) for _ in range(2)]
        if not arguments.kill:
            compare(where, both, cookies["small"], arguments)
            return
        posts = outage.Outage(where, both, cookies["roomy"], arguments.seconds)
        show(browse(where, "one node killed", both, [cookies["small"]], arguments, meanwhile=posts.run))
        posts.report()


if __name__ == "__main__":
    main()
