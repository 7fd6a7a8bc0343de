"""Where a request ends is certain, or it is refused: no second request hides in its body."""

import socket

import pytest

from tests.support.portal_process import serving

HIDDEN = b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
CHUNKS = b"0\r\n\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(CHUNKS)


def request(headers: bytes) -> bytes:
    head = b"POST /sign-in/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    return head + headers + b"\r\n" + CHUNKS + HIDDEN


@pytest.fixture(scope="module")
def portal(sandbox_data):
    with serving(sandbox_data) as browser:
        yield browser.base_url.host, browser.base_url.port


def statuses(portal: tuple[str, int], sent: bytes) -> list[bytes]:
    """The status of each answer on one connection, until the portal closes it or is silent."""
    with socket.create_connection(portal, 5) as wire:
        wire.settimeout(2)
        wire.sendall(sent)
        answers = b""
        try:
            while part := wire.recv(65536):
                answers += part
        except TimeoutError:
            pass
    return [line.split()[1] for line in answers.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]


@pytest.mark.parametrize(
    "headers",
    [
        LENGTH + b"Transfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\n" + LENGTH,
        LENGTH + b"Content-Length: 0\r\n",
        b"Content-Length: +5\r\n",
        b"Content-Length: -1\r\n",
        b"Transfer-Encoding: chunked, chunked\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"X: y\nTransfer-Encoding: chunked\r\n",
    ],
)
def test_a_request_of_uncertain_length_is_refused_and_ends_the_connection(portal, headers):
    (status,) = statuses(portal, request(headers))
    assert status in {b"400", b"501"}


def test_a_request_of_certain_length_reaches_the_portal(portal):
    """Which refuses it for another reason: it has no form token."""
    assert statuses(portal, request(LENGTH))[0] == b"403"
