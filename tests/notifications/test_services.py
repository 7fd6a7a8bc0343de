"""Messages through apprise: https and public addresses alone, at every connection and each redirect."""

import json
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from snapshots.notifications import services, targets
from snapshots.notifications.models import Delivery, DeliveryState, Kind, TargetKind
from snapshots.notifications.services import ServiceError
from snapshots.notifications.targets import Address, Wishes
from tests.support.notifying import ADA, deliver_after, end_operation, read_log
from tests.support.tls import write_certificate

ROOT = Path(__file__).resolve().parents[2]
LOOPBACK_IS_PUBLIC = """
import json, sys
from snapshots.notifications import apprise_process
apprise_process.is_public = lambda host: host == "127.0.0.1"
sys.exit(apprise_process.run(json.load(sys.stdin)))
"""
"""Only 127.0.0.1 counts as public, so that a redirect to 127.0.0.2 leads from a public address to a private one."""


class Service:
    """A service over TLS that takes every message, or redirects it."""

    def __init__(self) -> None:
        self.port = 0
        self.bodies: list[str] = []
        self.redirect = ""


@contextmanager
def service(certificate: Path, host: str = "127.0.0.1") -> Iterator[Service]:
    found = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.bodies.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(307 if found.redirect else 200)
            self.send_header("Location", found.redirect)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        do_GET = do_POST

        def log_message(self, *args: object) -> None:
            """Keep the test output free of request lines."""

    server = ThreadingHTTPServer((host, 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    found.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def certificate(tmp_path, monkeypatch) -> Path:
    path = write_certificate(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))
    return path


def send(port: int, *, public_only: bool) -> None:
    services.send(f"ntfys://127.0.0.1:{port}/ops", title="T", body="hello", public_only=public_only)


def run_with_public_loopback(port: int) -> int:
    order = {"url": f"ntfys://127.0.0.1:{port}/ops", "title": "T", "body": "hello", "public_only": True}
    return subprocess.run(
        [sys.executable, "-c", LOOPBACK_IS_PUBLIC],
        input=json.dumps(order).encode(),
        cwd=ROOT,
        capture_output=True,
        check=False,
    ).returncode


def test_a_service_over_tls_takes_a_message(certificate):
    with service(certificate) as found:
        send(found.port, public_only=False)
        assert run_with_public_loopback(found.port) == 0
    assert len(found.bodies) == 2
    assert all("hello" in body for body in found.bodies)


def test_a_private_address_is_not_connected_to(certificate):
    with service(certificate) as found, pytest.raises(ServiceError, match="not public"):
        send(found.port, public_only=True)
    assert found.bodies == []


def test_a_name_is_checked_at_the_address_that_is_connected_to(certificate):
    """localhost stands for a name that was public when it was stored and is rebound."""
    with service(certificate) as found, pytest.raises(ServiceError, match="not public"):
        services.send(f"ntfys://localhost:{found.port}/ops", title="T", body="hello", public_only=True)
    assert found.bodies == []


def test_a_redirect_to_a_private_address_is_not_followed(certificate):
    with service(certificate) as front, service(certificate, "127.0.0.2") as inside:
        front.redirect = f"https://127.0.0.2:{inside.port}/secret"
        assert run_with_public_loopback(front.port) == 4
    assert (len(front.bodies), inside.bodies) == (1, [])


def test_a_redirect_to_plain_http_is_not_followed(certificate, receiver):
    with service(certificate) as front:
        front.redirect = receiver.url
        assert run_with_public_loopback(front.port) == 4
    assert receiver.paths == []


def test_an_address_without_tls_is_not_called(receiver):
    port = receiver.url.split(":")[2].split("/")[0]
    with pytest.raises(ServiceError, match="https"):
        services.send(f"ntfy://127.0.0.1:{port}/ops", title="T", body="hello", public_only=True)
    assert receiver.paths == []


def test_a_certificate_that_is_not_trusted_is_refused_whatever_the_address_says(tmp_path):
    with service(write_certificate(tmp_path)) as found, pytest.raises(ServiceError, match="did not take"):
        services.send(f"ntfys://127.0.0.1:{found.port}/ops?verify=no", title="T", body="x", public_only=False)
    assert found.bodies == []


@pytest.mark.parametrize(
    "address", ["json://example.com", "jsons://example.com", "file:///tmp/x", "dbus://", "windows://", "syslog://",
                "mailto://a:b@example.com", "slack:/x", "", "exec://ls"]
)  # fmt: skip
def test_other_schemes_are_refused_without_a_process(address, monkeypatch):
    monkeypatch.setattr(services, "_run", lambda order: pytest.fail("a process was started"))
    for call in (services.check, services.service_name):
        with pytest.raises(ServiceError):
            call(address)


def test_an_address_is_checked_without_sending(certificate):
    services.check("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general")
    with pytest.raises(ServiceError, match="understands"):
        services.check("slack://")


def test_a_service_that_hangs_ends_at_the_deadline(monkeypatch):
    monkeypatch.setattr(services, "SEND_SECONDS", 0.01)
    with pytest.raises(ServiceError, match="no answer"):
        services.check("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general")


@pytest.mark.django_db
def test_the_team_is_told_through_a_service(certificate, desk, watched):
    with service(certificate) as found:
        targets.add(
            actor=ADA,
            kind=TargetKind.APPRISE,
            label="Chat",
            shown="ntfy",
            address=Address(f"ntfys://127.0.0.1:{found.port}/ops"),
            wishes=Wishes((Kind.COMPLETED,)),
        )
        operation = end_operation(desk)
        read_log()
        deliver_after(6)
    assert Delivery.objects.get().state == DeliveryState.SENT
    assert operation.server_name in found.bodies[0]
