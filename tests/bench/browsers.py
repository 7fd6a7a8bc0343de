"""Open pages that poll, in a process of their own: `python -m tests.bench.browsers`, with a Plan as JSON on standard input.

Each browser has one page of servers open and polls as static/polls.js and htmx do: the list every five seconds, a card in
progress every four, the bell every thirty, each with the version that it shows; an element that an answer brings
replaces the one before. It keeps its connection as long as the server does. Prints a line of JSON when the pages are open, and a
second one, a Report, when the time is up.

Lost connections are handled as by a browser behind a proxy with several servers. One that was closed while it was idle is
opened again, at the next server if the own one refuses; a request on a kept connection that is closed without an answer is
sent once more to the same server. A request that gets no answer then, or a 502, is an error that the browser sees, and it
goes to the next server at its next look.
"""

import asyncio
import json
import random
import re
import resource
import sys
import time
from dataclasses import asdict, dataclass, field, replace
from html import unescape

TAG = re.compile(r"<[a-z]+ [^>]*hx-get=[^>]*>")
LOOK_SECONDS = 5.0
OLD_SECONDS = 300.0
"""views/polls.py MAX_AGE_SECONDS: after this time a page gets its list anew. In a shorter run, as many looks as would do so
carry an outdated version."""
RETRY_SECONDS = 2.0
"""static/polls.js RETRY_MS: the first look that gets no answer is made again so soon."""
TIMEOUT_SECONDS = 45.0
GRACE_SECONDS = 1.0
"""How long after the end of the run answers are waited for."""
GATEWAY = {"502", "503", "504"}


@dataclass(frozen=True)
class Plan:
    """`ports`: of the servers. Browsers share the sessions whose Cookie headers are `cookies`; `outdated` has for each a version
    of the list that no longer holds."""

    ports: list[int]
    cookies: list[str]
    outdated: list[str]
    browsers: int
    seconds: float


@dataclass(frozen=True)
class Element:
    """An element of a page that polls every so many seconds. `version` is '' if it has none."""

    name: str
    address: str
    version: str
    every: float


@dataclass
class Report:
    """Seconds that answers took, by kind of poll; how many had each status; what became of connections."""

    took: dict[str, list[float]] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    longest_error: float = 0.0
    opened: int = 0
    resent: int = 0
    moved: int = 0
    unanswered: int = 0
    """Requests that had no answer when the time was up."""
    cpu: float = 0.0


def _attribute(tag: str, name: str) -> str:
    found = re.search(rf'\s{name}="([^"]*)"', tag)
    return unescape(found[1]) if found else ""


def _interval(tag: str) -> float:
    """How often the element of this tag polls; 0 if it does not."""
    trigger = _attribute(tag, "hx-trigger")
    if every := re.match(r"every (\d+)s", trigger):
        return float(every[1])
    return LOOK_SECONDS if "data-looks" in tag else 0.0


def elements_of(html: str) -> list[Element]:
    """What polls in a page or a fragment. The list comes before the cards inside it."""
    found = [
        Element(
            _attribute(tag, "id"),
            _attribute(tag, "hx-get"),
            _attribute(tag, "data-version"),
            _interval(tag),
        )
        for tag in TAG.findall(html)
    ]
    return [one for one in found if one.every and one.name]


class NoAnswerError(Exception):
    """The connection ended. `is_early`: before the first byte of an answer."""

    def __init__(self, text: str, *, is_early: bool = False) -> None:
        super().__init__(text)
        self.is_early = is_early


class Browser:
    """One open page."""

    def __init__(self, plan: Plan, number: int, report: Report) -> None:
        self._plan = plan
        self._cookie = plan.cookies[number % len(plan.cookies)]
        self._outdated = plan.outdated[number % len(plan.outdated)]
        self._server = number % len(plan.ports)
        self._report = report
        self._random = random.Random(number)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._due: dict[str, tuple[float, Element]] = {}
        self._failing_since = 0.0

    # --- Connections ---------------------------------------------------------------------------------------------
    async def _open(self) -> None:
        self.close()
        self._report.opened += 1
        self._streams = await asyncio.open_connection("127.0.0.1", self._plan.ports[self._server])

    def close(self) -> None:
        if self._streams:
            self._streams[1].close()
        self._streams = None

    def _go_to_next_server(self) -> None:
        self.close()
        self._server = (self._server + 1) % len(self._plan.ports)
        self._report.moved += 1

    async def _open_somewhere(self) -> None:
        for _ in self._plan.ports[1:]:
            try:
                return await self._open()
            except OSError:
                self._go_to_next_server()
        return await self._open()

    async def _exchange(self, request: bytes) -> tuple[str, str]:
        """Status and body. Raises NoAnswerError."""
        assert self._streams
        reader, writer = self._streams
        head = b""
        try:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
            body = await reader.readexactly(int(length[1])) if length else b""
        except (OSError, asyncio.IncompleteReadError) as error:
            self.close()
            is_early = not (head or getattr(error, "partial", b""))
            raise NoAnswerError(type(error).__name__, is_early=is_early) from error
        if (not length and b" 204 " not in head) or re.search(rb"(?i)\r\nconnection: close", head):
            self.close()
        return head.split(b" ", 2)[1].decode(), body.decode()

    async def send(self, address: str, version: str = "", *, is_page: bool = False) -> tuple[str, str]:
        """Ask as htmx does. Raises NoAnswerError."""
        lines = [f"GET {address} HTTP/1.1", "Host: 127.0.0.1", f"Cookie: {self._cookie}"]
        lines += [] if is_page else ["HX-Request: true"]
        lines += [f"X-Version: {version}"] if version else []
        request = ("\r\n".join(lines) + "\r\n\r\n").encode()
        try:
            is_kept = self._streams is not None and not self._streams[0].at_eof()
            if not is_kept:
                await self._open_somewhere()
            try:
                return await self._exchange(request)
            except NoAnswerError as error:
                if not (is_kept and error.is_early):
                    raise
            self._report.resent += 1
            await self._open()
            return await self._exchange(request)
        except OSError as error:
            self.close()
            raise NoAnswerError(type(error).__name__) from error

    # --- Polls ---------------------------------------------------------------------------------------------------
    def show(self, html: str, now: float, *, in_place_of: str = "") -> None:
        """Take the elements of an answer; those of a list replace all that it held."""
        if in_place_of == "results":
            self._due = {name: one for name, one in self._due.items() if name == "bell"}
        self._due.pop(in_place_of, None)
        for element in elements_of(html):
            wait = element.every if in_place_of else self._random.uniform(0, element.every)
            self._due[element.name] = (now + wait, element)

    def age_bell(self, bell: Element) -> None:
        """Let it have a version already, as it has nine times of ten when a page stays open for five minutes."""
        if self._random.random() > bell.every / OLD_SECONDS:
            self._due[bell.name] = (self._due[bell.name][0], bell)

    async def run(self, until: float) -> None:
        while self._due:
            due, element = min(self._due.values(), key=lambda one: one[0])
            if due >= until:
                break
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            self._due[element.name] = (max(due, time.monotonic()) + element.every, element)
            await self._poll(element)
        self._end_error(until)
        self.close()

    async def _poll(self, element: Element) -> None:
        is_old = element.name == "results" and self._random.random() < LOOK_SECONDS / OLD_SECONDS
        sent = time.monotonic()
        try:
            version = self._outdated if is_old else element.version
            status, body = await asyncio.wait_for(self.send(element.address, version), TIMEOUT_SECONDS)
        except (NoAnswerError, TimeoutError) as error:
            if not self._failing_since:
                self._due[element.name] = (time.monotonic() + RETRY_SECONDS, element)
            return self._fail(type(error.__cause__ or error).__name__)
        now = time.monotonic()
        kind = "bell" if element.name == "bell" else "poll"
        self._report.statuses[f"{kind} {status}"] = self._report.statuses.get(f"{kind} {status}", 0) + 1
        if status[0] not in "23":
            return self._fail(status)
        self._report.took.setdefault(f"{kind} {status}", []).append(now - sent)
        self._end_error(now)
        if status == "200":
            self.show(body, now, in_place_of=element.name)
        return None

    def _fail(self, what: str) -> None:
        self._report.errors.append(what)
        self._failing_since = self._failing_since or time.monotonic()
        if not what.isdigit() or what in GATEWAY:
            self._go_to_next_server()

    def _end_error(self, now: float) -> None:
        if self._failing_since:
            self._report.longest_error = max(self._report.longest_error, now - self._failing_since)
        self._failing_since = 0.0


async def browse(plan: Plan) -> Report:
    warm_up = Report()
    pages, bells = [], []
    for number in range(len(plan.cookies)):
        browser = Browser(replace(plan, ports=plan.ports[:1]), number, warm_up)
        status, page = await browser.send("/", is_page=True)
        assert status == "200", status
        bell = next(one for one in elements_of(page) if one.name == "bell")
        bells.append(elements_of((await browser.send(bell.address))[1])[0])
        browser.close()
        pages.append(page)
    print(json.dumps({"elements": [asdict(one) for one in elements_of(pages[0])]}), flush=True)
    report, start = Report(), time.monotonic()
    browsers = [Browser(plan, number, report) for number in range(plan.browsers)]
    for number, browser in enumerate(browsers):
        browser.show(pages[number % len(pages)], start)
        browser.age_bell(bells[number % len(bells)])
    runs = [asyncio.create_task(browser.run(start + plan.seconds)) for browser in browsers]
    ended, late = await asyncio.wait(runs, timeout=plan.seconds + GRACE_SECONDS)
    for run in ended:
        run.result()
    for run in late:
        run.cancel()
    report.unanswered = len(late)
    used = resource.getrusage(resource.RUSAGE_SELF)
    report.cpu = used.ru_utime + used.ru_stime
    return report


def main() -> None:
    plan = Plan(**json.loads(sys.stdin.readline()))
    print(json.dumps(asdict(asyncio.run(browse(plan)))), flush=True)


if __name__ == "__main__":
    main()
