"""A call ends at its deadline, however slowly the provider answers."""

import socket
import threading
import time

import pytest

from snapshots.upstream import errors, network
from snapshots.upstream.client import SnapshotClient
from tests.support.provider import make_client

TOKEN = "canary-token-3f8a61c2"


@pytest.fixture
def client(wire):
    return make_client(TOKEN, wire.url, timeout_seconds=0.3)


@pytest.mark.alone
@pytest.mark.parametrize("mode", ["drip_headers", "drip_body", "hang_before", "hang_after", "latency"])
@pytest.mark.parametrize("call", [SnapshotClient.list_servers, lambda client: client.delete_snapshot(7)])
def test_slow_answer_ends_at_the_deadline(wire, client, mode, call):
    wire.misbehave(mode, work=False, seconds=20 if "drip" not in mode else 0.05, times=0)
    began = time.monotonic()
    with pytest.raises(errors.DeadlineError):
        call(client)
    assert 0.25 < time.monotonic() - began < 0.6


@pytest.mark.alone
def test_endless_interim_answers_end_at_the_deadline(wire, client):
    wire.misbehave("raw", body="HTTP/1.1 100 Continue\r\n\r\n" * 20_000, times=0)
    began = time.monotonic()
    with pytest.raises(errors.LostError):
        client.delete_snapshot(7)
    assert time.monotonic() - began < 0.8


@pytest.mark.alone
def test_slow_refusal_is_reported_at_the_deadline(wire, client):
    wire.misbehave(
        "drip_body", work=False, status=404, seconds=0.05, body='{"detail": "not there"}' + " " * 500
    )
    began = time.monotonic()
    with pytest.raises(errors.NotFoundError):
        client.delete_snapshot(7)
    assert time.monotonic() - began < 0.6


@pytest.mark.alone
def test_slow_lookup_of_a_name_ends_at_the_deadline(monkeypatch):
    asked = threading.Event()

    def never(*args, **kwargs):
        asked.set()
        time.sleep(1)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", never)
    began = time.monotonic()
    with pytest.raises(errors.UnreachableError):
        make_client(TOKEN, "http://slow.invalid", timeout_seconds=0.2).delete_snapshot(7)
    assert asked.is_set()
    assert time.monotonic() - began < 0.5


def test_second_address_of_a_name_is_tried(monkeypatch, wire):
    port = int(wire.url.rpartition(":")[2])
    # Nobody listens at the first one.
    two = [(socket.AF_UNSPEC, socket.SOCK_STREAM, 6, "", (host, port)) for host in ("::1", "127.0.0.1")]
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *a, **k: two if host == "two.test" else real(host, *a, **k)
    )
    wire.misbehave("answer", status=204)
    assert make_client(TOKEN, f"http://two.test:{port}").delete_snapshot(7).status == 204


def test_hung_call_releases_its_place_in_the_gate_at_the_deadline(wire):
    gate = threading.BoundedSemaphore(1)
    client = make_client(TOKEN, wire.url, timeout_seconds=0.3, gate=gate)
    wire.misbehave("hang_before", times=0)
    with pytest.raises(errors.DeadlineError):
        client.list_servers()
    assert gate.acquire(blocking=False)


def test_a_deadline_within_another_never_ends_later():
    with network.deadline(0.5):
        with network.deadline(60):
            assert network.seconds_left() <= 0.5
        with network.deadline(0.1):
            assert network.seconds_left() <= 0.1
        assert network.seconds_left() > 0.1
