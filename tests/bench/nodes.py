"""Portals as an operator runs them, to be measured: gunicorn on a database and a cache, with a provider beside them."""

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from html import unescape
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.support import postgres
from tests.support.portal_process import ROOT, free_port

START_SECONDS = 60


@dataclass(frozen=True)
class Node:
    """One gunicorn with one worker process. `workers` are the ids of its worker processes."""

    process: "subprocess.Popen[bytes]"
    port: int

    @property
    def workers(self) -> list[int]:
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]

    def cpu_seconds(self) -> float:
        """Processor time of its worker processes, with all threads that are alive, to the nanosecond."""
        return sum(
            int(path.read_text().split()[0]) / 1e9
            for pid in self.workers
            for path in Path(f"/proc/{pid}/task").glob("*/schedstat")
        )

    def connect(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=30)

    def kill(self) -> None:
        """SIGKILL to all its processes at the same moment, as when the machine loses power."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(20)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)


@dataclass(frozen=True)
class Place:
    """Where the portals of a run live: their settings, and the provider's tokens by size."""

    environment: Mapping[str, str]
    provider: str
    tokens: Mapping[str, str]

    @contextmanager
    def node(self, **settings: str) -> Iterator[Node]:
        """Start a portal; `settings` are named without SNAPPORTAL_."""
        port = free_port()
        own = {f"SNAPPORTAL_{name}": value for name, value in settings.items()}
        process = subprocess.Popen(
            [sys.executable, "manage.py", "start"],
            cwd=ROOT,
            env={**self.environment, "SNAPPORTAL_BIND": f"127.0.0.1:{port}", **own},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        node = Node(process, port)
        try:
            _wait_until_it_answers(node)
            yield node
        finally:
            node.stop()

    def ask_provider(self, method: str, path: str, size: str = "", **fields: object) -> Any:
        """The provider's answer to a request past the portal, with the token of the account `size` if one is given."""
        connection = HTTPConnection(self.provider.removeprefix("http://"), timeout=30)
        headers = {"Authorization": f"Bearer {self.tokens[size]}"} if size else {}
        connection.request(method, path, json.dumps(fields) if fields else None, headers)
        body = connection.getresponse().read()
        connection.close()
        return json.loads(body) if body else None

    def count_calls(self) -> Counter[str]:
        """What the provider was asked until now: method and path, with N for each number."""
        calls = self.ask_provider("GET", "/_calls")["calls"]
        return Counter(f"{method} {re.sub(r'[0-9]+', 'N', path)}" for method, path in calls)


def _wait_until_it_answers(node: Node) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            connection = node.connect()
            connection.request("GET", "/livez")
            assert connection.getresponse().status == 200
        except OSError:
            assert node.process.poll() is None, "the portal ended"
            assert time.monotonic() < until, "the portal does not come up"
            time.sleep(0.1)
        else:
            return


@contextmanager
def _provider(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """A provider process; yields its address and a token for each size."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.provider", str(folder)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "SNAPPORTAL_SANDBOX_SPEED": "0.01"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert process.stdout
        told = json.loads(process.stdout.readline())
        yield told["url"], told["tokens"]
    finally:
        process.kill()
        process.wait(10)


@contextmanager
def _redis(folder: Path) -> Iterator[str]:
    program = shutil.which("redis-server")
    assert program, "redis-server is not installed"
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    server = subprocess.Popen([program, *options], cwd=folder, stdout=subprocess.DEVNULL)
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(10)


@contextmanager
def place(database: str) -> Iterator[Place]:
    """An empty installation on `database`, "sqlite" or "postgresql" (then with Redis), not yet migrated."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="snapportal-bench-")))
        url, tokens = stack.enter_context(_provider(folder / "provider"))
        settings = {
            "API_URL": url,
            "DATA_DIR": str(folder / "portal"),
            "ALLOWED_HOSTS": "127.0.0.1",
            "SECRET_KEY": secrets.token_urlsafe(48),
            "TOKEN_KEYS": f"t1:{secrets.token_hex(32)}",
            "AUDIT_KEYS": f"a1:{secrets.token_hex(32)}",
            "LOG_SIGNING_KEYS": secrets.token_hex(32),
            "LOG_ORIGIN": "bench.invalid/log",
            "WORKERS": "1",
            "WORKER": "off",
            "API_RATE_LIMIT": "1000000",
        }
        if database == "postgresql":
            settings["DATABASE_URL"] = stack.enter_context(postgres.cluster())
            settings["CACHE_URL"] = stack.enter_context(_redis(folder))
        environment = {f"SNAPPORTAL_{name}": value for name, value in settings.items()}
        yield Place({"PATH": os.environ["PATH"], **environment}, url, tokens)


def prepare(where: Place) -> dict[str, str]:
    """Make the tables, and a manager for each size who keeps its token; returns the session cookie of each.

    The calling process becomes one of the installation: call it once a process, before anything of Django is used.
    """
    os.environ.update(where.environment)
    os.environ["DJANGO_SETTINGS_MODULE"] = "snapportal.settings"
    import django

    django.setup()
    from django.core.management import call_command

    call_command("start", "--no-serve", verbosity=0)
    cookies = {size: sign_in(size, "manager", token) for size, token in where.tokens.items()}
    return cookies | {"auditor": sign_in("auditor", "auditor")}


def show_a_worker() -> None:
    """Write the heartbeat of a worker, as if one ran: it holds for a minute and a half."""
    from datetime import timedelta

    from django.utils import timezone

    from snapshots.worker.models import WorkerProcess

    now = timezone.now()
    WorkerProcess.objects.update_or_create(
        id="bench",
        defaults={"host": "bench", "pid": 0, "started_at": now, "seen_at": now + timedelta(seconds=30)},
    )


def write_a_row() -> None:
    """Write a row of the log after which open pages are made anew."""
    from snapshots.audit import journal
    from snapshots.audit.verification import COMMAND_ACTOR

    journal.record(COMMAND_ACTOR.entry(action="token.rename"))


def sign_in(name: str, role: str, token: str = "") -> str:
    """Make a person, with a stored token if one is given; returns a Cookie header of their new session."""
    from django.conf import settings
    from django.test import Client

    from snapportal.accounts.models import User
    from snapshots.vault import tokens

    person = User.objects.create_user(username=name, password=secrets.token_hex(8), name=name, role=role)
    if token:
        tokens.store(user_id=person.pk, label=name, token=token, stored_by_name=name)
    client = Client()
    client.force_login(person)
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def make_key(name: str) -> str:
    """A key with all rights of the person of this name, as an Authorization header."""
    from snapportal.accounts.models import User
    from snapshots.vault.models import StoredToken
    from tests.support import api

    owner = User.objects.get(username=name)
    return f"Bearer {api.make_key(owner, StoredToken.objects.filter(user_id=owner.pk).first())[1]}"


def polled(page: str, element: str = "results") -> tuple[str, str]:
    """The address that an element of a page asks again, and the version that it shows. `element`: how its ID begins."""
    found = re.search(rf'<[^>]* id="{element}[^>]*hx-get=[^>]*', page)
    assert found, f"the page has no {element}"
    address = re.search(r'hx-get="([^"]+)"', found[0])
    version = re.search(r'data-version="([^"]+)"', found[0])
    assert address and version, found[0]
    return unescape(address[1]), unescape(version[1])


def first_server(page: str) -> str:
    """The address of the first server of a list."""
    found = re.search(r'<a id="server-[^"]*" href="([^"]+)"', page)
    assert found, "the list has no server"
    return unescape(found[1])
