"""Each failure of a call has its own error, with its effect on a write."""

import socket
import threading

import pytest

from snapshots.contract import SNAPSHOTS_PATH
from snapshots.upstream import errors
from tests.support.provider import make_client

TOKEN = "canary-token-3f8a61c2"


@pytest.fixture
def client(wire):
    """Its deadline is long: only a test of the deadline itself may depend on how busy the machine is."""
    return make_client(TOKEN, wire.url, timeout_seconds=5)


CALLS = {
    "GET": lambda client: client.list_snapshots(),
    "POST": lambda client: client.create_snapshot(server_id=7, name="before"),
    "RESTORE": lambda client: client.restore_snapshot(7),
    "DELETE": lambda client: client.delete_snapshot(7),
}
WRITES = ["POST", "RESTORE", "DELETE"]
every_call = pytest.mark.parametrize("call", CALLS)
every_write = pytest.mark.parametrize("call", WRITES)


def fails(client, call, kind):
    with pytest.raises(errors.UpstreamError) as caught:
        CALLS[call](client)
    assert type(caught.value) is kind, repr(caught.value)
    return caught.value


@every_call
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.InvalidError),
        (401, errors.TokenRefusedError),
        (403, errors.ForbiddenError),
        (404, errors.NotFoundError),
        (405, errors.RefusedError),
        (409, errors.RefusedError),
        (422, errors.RefusedError),
        (451, errors.RefusedError),
    ],
)
def test_refusal_means_it_was_not_done(wire, client, call, status, kind):
    wire.misbehave("answer", status=status, body='{"detail": "No, and here is why."}')
    error = fails(client, call, kind)
    assert (error.status, error.message, error.effect) == (status, "No, and here is why.", "none")
    assert len(wire.calls) == 1


@every_write
@pytest.mark.parametrize(
    "status", [301, 302, 304, 307, 308, 408, 500, 501, 502, 503, 504, 520, 599, 700, 999]
)
def test_unexpected_status_leaves_a_write_unknown(wire, client, call, status):
    wire.misbehave("status", status=status, times=0)
    error = fails(client, call, errors.ServerFaultError)
    assert (error.status, error.effect) == (status, "unknown")
    assert len(wire.calls) == 1


@every_call
def test_unrequested_switching_protocols_is_not_an_answer(wire, client, call):
    wire.misbehave("raw", body="HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n")
    assert fails(client, call, errors.BrokenError).effect == "unknown"


@every_call
@pytest.mark.parametrize("status", [203, 206, 226])
def test_undocumented_success_status_is_unreadable(wire, client, call, status):
    wire.misbehave("answer", status=status, body='{"results": []}')
    error = fails(client, call, errors.UnreadableError)
    assert (error.status, error.effect) == (status, "unknown")


@pytest.mark.parametrize("call", ["GET", "POST", "RESTORE"])
@pytest.mark.parametrize("mode", ["garbage", "html", "wrong_length"])
def test_success_with_an_invalid_body_is_unreadable(wire, client, call, mode):
    wire.misbehave(mode, work=False, body='{"results": [], "padding": "so that half of it is no JSON"}')
    assert fails(client, call, errors.UnreadableError).effect == "unknown"


@every_call
def test_truncated_body_is_unreadable(wire, client, call):
    wire.misbehave("truncate", work=False, body='{"results": []}')
    error = fails(client, call, errors.UnreadableError)
    assert (error.status, error.effect) == (200, "unknown")
    assert len(wire.calls) == 1


@every_call
def test_body_over_the_size_limit_is_too_large(wire, client, call):
    wire.misbehave("huge", work=False, size_bytes=5 * 1024 * 1024)
    assert (
        fails(make_client(TOKEN, wire.url, timeout_seconds=5), call, errors.TooLargeError).effect == "unknown"
    )


@every_call
def test_compressed_body_is_not_decompressed(wire, client, call):
    wire.misbehave("answer", body="x" * 100, headers={"Content-Encoding": "gzip"})
    fails(client, call, errors.UnreadableError)


def test_huge_refusal_is_still_a_refusal(wire, client):
    wire.misbehave("huge", work=False, status=404)
    error = fails(client, "DELETE", errors.NotFoundError)
    assert error.message == ""


def test_truncated_refusal_is_still_a_refusal(wire, client):
    wire.misbehave("truncate", work=False, status=400, body='{"detail": "never read to the end"}')
    assert fails(client, "DELETE", errors.InvalidError).effect == "none"


def test_html_page_gives_no_message(wire, client):
    wire.misbehave("html", work=False, status=404)
    assert fails(client, "DELETE", errors.NotFoundError).message == ""


@every_write
@pytest.mark.parametrize("mode", ["reset_before", "reset_after"])
def test_reset_leaves_a_write_unknown_and_is_not_repeated(wire, client, call, mode):
    wire.misbehave(mode, work=False, times=0)
    assert fails(client, call, errors.BrokenError).effect == "unknown"
    assert len(wire.calls) == 1


@every_write
@pytest.mark.parametrize(
    "raw", ["", "HTTP/1.1 2", "nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"]
)
def test_answer_that_is_not_http_leaves_a_write_unknown(wire, client, call, raw):
    wire.misbehave("raw", body=raw, times=0)
    assert fails(client, call, errors.BrokenError).effect == "unknown"
    assert len(wire.calls) == 1


@every_write
def test_write_that_times_out_is_unknown_and_is_not_repeated(wire, call):
    wire.misbehave("hang_before", times=0)
    client = make_client(TOKEN, wire.url, timeout_seconds=0.4)
    assert fails(client, call, errors.DeadlineError).effect == "unknown"
    assert len(wire.calls) == 1


@every_call
def test_refused_connection_means_nothing_was_sent(call):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
        client = make_client(TOKEN, f"http://127.0.0.1:{taken.getsockname()[1]}", timeout_seconds=0.4)
        assert fails(client, call, errors.UnreachableError).effect == "none"


@every_call
def test_name_without_address_means_nothing_was_sent(call):
    client = make_client(TOKEN, "http://no-such-host.invalid", timeout_seconds=0.4)
    assert fails(client, call, errors.UnreachableError).effect == "none"


def test_server_without_tls_means_nothing_was_sent(wire):
    client = make_client(TOKEN, wire.url.replace("http:", "https:"), timeout_seconds=0.4)
    assert fails(client, "DELETE", errors.UnreachableError).effect == "none"
    assert (("DELETE", f"{SNAPSHOTS_PATH}7/")) not in wire.calls


def test_connect_timeout_means_nothing_was_sent():
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(address)
        client = make_client(TOKEN, f"http://127.0.0.1:{address[1]}", timeout_seconds=0.3)
        assert fails(client, "DELETE", errors.UnreachableError).effect == "none"
        for each in waiting:
            each.close()


@every_call
def test_full_gate_means_busy_at_once(wire, call):
    gate = threading.BoundedSemaphore(1)
    client = make_client(TOKEN, wire.url, gate=gate)
    with gate:
        assert fails(client, call, errors.BusyError).effect == "none"
    assert wire.calls == []


def test_gate_is_free_again_after_a_failure(wire):
    client = make_client(TOKEN, wire.url, gate=threading.BoundedSemaphore(1))
    for _ in range(3):
        wire.misbehave("answer", status=404, body="{}")
        fails(client, "DELETE", errors.NotFoundError)


@pytest.mark.parametrize("bad", [0, -1, 2**63, True, "7", 7.0, None])
def test_invalid_id_is_not_sent(wire, client, bad):
    for call in (
        lambda: client.delete_snapshot(bad),
        lambda: client.restore_snapshot(bad),
        lambda: client.create_snapshot(server_id=bad, name="fine"),
        *([lambda: client.list_snapshots(bad)] if bad is not None else []),
    ):
        with pytest.raises(errors.BadCallError):
            call()
    assert wire.calls == []


@pytest.mark.parametrize("name", ["", "with space", "a/b", "ünïcode", "x" * 101, "new\nline", "1\u0662"])
def test_invalid_name_is_not_sent(wire, client, name):
    with pytest.raises(errors.BadCallError):
        client.create_snapshot(server_id=7, name=name)
    assert wire.calls == []


def test_description_that_cannot_be_encoded_is_not_sent(wire, client):
    with pytest.raises(errors.BadCallError):
        client.create_snapshot(server_id=7, name="fine", description="\ud800")
    assert wire.calls == []


@pytest.mark.parametrize(
    "token", ["", "two words", "line\r\nX-Injected: 1", "tab\t", "ключ", "nul\0", "x" * 5000]
)
def test_token_that_is_invalid_in_a_header_is_not_sent(wire, token):
    with pytest.raises(errors.BadCallError) as caught:
        make_client(token, wire.url).list_snapshots()
    assert not token or token not in str(caught.value)
    assert wire.calls == []


@pytest.mark.parametrize("status", [201, 200, 202])
def test_created_contains_the_status(wire, client, status):
    body = '{"id": 9, "server": {"id": 7, "name": "web"}, "name": "before", "status": "in_progress"}'
    wire.misbehave("answer", status=status, body=body)
    assert client.create_snapshot(server_id=7, name="before").status == status


@pytest.mark.parametrize("status", [200, 202, 204])
def test_deleted_contains_the_status(wire, client, status):
    wire.misbehave("answer", status=status)
    assert client.delete_snapshot(7).status == status


def test_every_write_uses_a_new_connection(wire):
    """The server may close an idle connection just as a request is sent on it: a write must not become unknown by that."""
    client = make_client(TOKEN, wire.url)
    for _ in range(20):
        wire.misbehave("answer", status=404, body="{}")  # which closes the connection without a word
        fails(client, "DELETE", errors.NotFoundError)
