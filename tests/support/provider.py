"""The sandbox's provider for tests: filled, in this process or over HTTP, with faults on request."""

import threading
from dataclasses import dataclass
from email.message import Message

import pytest

from snapshots.connection import SANDBOX_URL
from snapshots.sandbox.faults import Misbehaviour
from snapshots.sandbox.http_server import SandboxServer
from snapshots.sandbox.models import Account, Server
from snapshots.sandbox.transport import SandboxTransport
from snapshots.upstream.client import SnapshotClient, make_http
from tests.support.filled_sandbox import fill


@dataclass(frozen=True)
class Sandbox:
    """A filled sandbox: the team's account, a token with all permissions, and its servers by name."""

    account: Account
    token: str
    other_token: str

    @property
    def servers(self) -> dict[str, Server]:
        return {server.name: server for server in self.account.servers.all()}


class HttpSandbox:
    """The sandbox over HTTP, served by a thread of the test's process."""

    def __init__(self, sandbox: Sandbox | None = None, *, page_size: int = 0) -> None:
        self.sandbox = sandbox
        self._server = SandboxServer(page_size=page_size)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def calls(self) -> list[tuple[str, str]]:
        """(method, path) of all received requests."""
        return list(self._server.calls)

    @property
    def writes(self) -> list[tuple[str, str]]:
        """(method, path) of the successful writes."""
        return list(self._server.writes)

    def misbehave(
        self, mode: str, *, times: int = 1, method: str = "", path_prefix: str = "", **more: object
    ) -> None:
        """See sandbox/faults.py for the modes. `times=0` means until cleared."""
        match = {key: value for key, value in {"method": method, "path_prefix": path_prefix}.items() if value}
        self._server.misbehave(Misbehaviour(mode=mode, times=times, match=match, **more))

    def behave(self) -> None:
        self._server.behave()

    def clear(self) -> None:
        """Remove all faults and counts."""
        self._server.behave()
        self._server.clear()

    @property
    def last_headers(self) -> Message:
        return self._server.last_headers

    def drop_connections(self) -> None:
        self._server.drop_connections()

    def close(self) -> None:
        self._server.close()
        self._thread.join(5)


def make_client(
    token: str,
    base_url: str = "",
    *,
    timeout_seconds: float = 5.0,
    gate: threading.BoundedSemaphore | None = None,
) -> SnapshotClient:
    """A client over HTTP if a base URL is given, else of the in-process sandbox."""
    http = make_http(base_url) if base_url else make_http(SANDBOX_URL, transport=SandboxTransport())
    return SnapshotClient(
        http, token, timeout_seconds=timeout_seconds, gate=gate or threading.BoundedSemaphore(8)
    )


def fill_sandbox() -> Sandbox:
    return Sandbox(*fill())


@pytest.fixture
def sandbox(db) -> Sandbox:
    return fill_sandbox()


@pytest.fixture
def http_sandbox(transactional_db):
    """Uses transactional_db, because the server's threads have connections of their own and see committed data only."""
    server = HttpSandbox(fill_sandbox())
    yield server
    server.close()


@pytest.fixture(scope="session")
def wire_server():
    server = HttpSandbox()
    yield server
    server.close()


@pytest.fixture
def wire(wire_server):
    """A server whose answers are all given by the test, without a database."""
    wire_server.clear()
    yield wire_server
    wire_server.clear()
