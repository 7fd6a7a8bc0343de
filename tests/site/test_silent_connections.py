"""Connections on which nothing is sent, such as those that browsers open in advance, occupy no thread of the portal."""

import socket
import time
from contextlib import ExitStack

import pytest

from tests.support.portal_process import serving


@pytest.fixture(scope="module")
def portal(sandbox_data):
    with serving(sandbox_data, THREADS="2") as client:
        yield client


def connect(client) -> socket.socket:
    return socket.create_connection((client.base_url.host, client.base_url.port), timeout=30)


def is_open(silent: socket.socket) -> bool:
    silent.setblocking(False)
    try:
        return silent.recv(1) != b""
    except BlockingIOError:
        return True


def test_silent_connections_delay_nobody(portal):
    with ExitStack() as stack:
        silent = [stack.enter_context(connect(portal)) for _ in range(8)]
        time.sleep(0.5)
        with connect(portal) as asking:
            asking.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert asking.recv(100).startswith(b"HTTP/1.1 200")
        assert all(map(is_open, silent)), "the answer came only after a silent connection was closed"


def test_a_request_that_comes_late_is_answered(portal):
    with connect(portal) as asking:
        time.sleep(1)
        asking.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert asking.recv(100).startswith(b"HTTP/1.1 200")


def test_a_silent_connection_is_closed_after_the_keep_alive_time(portal):
    with connect(portal) as silent:
        start = time.monotonic()
        assert silent.recv(1) == b""
        assert 3 < time.monotonic() - start < 20
