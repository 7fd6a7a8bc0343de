"""The token is sent in one header only; cookies of one token's answer are not sent with another token."""

import logging
import traceback

import pytest

from snapshots.upstream import errors
from tests.support.provider import make_client

CANARY = "canary-token-d41d8cd98f00b204"


@pytest.fixture
def client(wire):
    return make_client(CANARY, wire.url, timeout_seconds=0.3)


TROUBLES = [
    {"mode": "answer", "status": 400, "body": f'{{"detail": "Token {CANARY} may not"}}'},
    {"mode": "answer", "status": 401, "body": f'{{"token": ["{CANARY} is expired"]}}'},
    {"mode": "status", "status": 500, "body": f'{{"error": "Bearer {CANARY}"}}'},
    {"mode": "garbage", "work": False},
    {"mode": "reset_before"},
    {"mode": "hang_before"},
    {"mode": "raw", "body": f"HTTP/1.1 200 OK\r\nX-Echo: {CANARY}\r\nContent-Length: 900\r\n\r\n{CANARY}"},
    {"mode": "raw", "body": f"{CANARY}\r\n\r\n"},
    {"mode": "redirect", "location": f"https://elsewhere.invalid/?token={CANARY}"},
]


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble["mode"])
def test_token_is_in_no_error_and_no_log(wire, client, caplog, trouble):
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "httpcore.http11", "httpcore.connection"):
        caplog.set_level(logging.DEBUG, logger=name)
    # The provider's own headers are logged by httpcore at this level: the one place where it could echo the token.
    wire.misbehave(**trouble, times=0)
    with pytest.raises(errors.UpstreamError) as caught:
        client.create_snapshot(server_id=7, name="before")
    error = caught.value
    told = "\n".join([str(error), repr(error), error.message, *traceback.format_exception(error)])
    assert CANARY not in told
    assert error.__cause__ is None
    assert error.__context__ is None or not hasattr(error.__context__, "request")
    sent = "\n".join(
        record.getMessage() for record in caplog.records if "receive_response" not in record.getMessage()
    )
    assert CANARY not in sent


def test_token_is_in_no_repr(client):
    assert CANARY not in repr(client)
    assert CANARY not in str(client)


def test_token_that_an_answer_quotes_is_redacted(wire, client):
    wire.misbehave("answer", body=f'{{"account": {{"email": "{CANARY}@example.com"}}}}')
    assert client.read_account().email == "[token]@example.com"


def test_token_is_sent_in_one_header_and_not_in_the_url(wire, client):
    wire.misbehave("answer", body='{"results": []}', times=0)
    client.list_snapshots(7)
    assert all(CANARY not in path for _, path in wire.calls)
    headers = wire.last_headers
    assert [name for name, value in headers.items() if CANARY in value] == ["Authorization"]
    assert headers["Authorization"] == f"Bearer {CANARY}"
    assert headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_not_followed(wire, client, status):
    wire.misbehave("redirect", status=status, location=f"{wire.url}/api/v1/servers/")
    with pytest.raises(errors.ServerFaultError) as caught:
        client.list_snapshots()
    assert caught.value.status == status
    assert len(wire.calls) == 1


def test_redirect_to_an_invalid_url_is_ignored(wire, client):
    wire.misbehave("redirect", status=302, location="http://[::bad/")
    with pytest.raises(errors.ServerFaultError):
        client.delete_snapshot(7)


def test_cookie_is_not_stored(wire, client):
    wire.misbehave("answer", status=204, headers={"Set-Cookie": "session=one-persons; Path=/"}, times=0)
    client.delete_snapshot(7)
    client.delete_snapshot(8)
    assert "Cookie" not in wire.last_headers


def test_proxy_of_the_environment_is_not_used(wire, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    wire.misbehave("answer", status=204)
    assert make_client(CANARY, wire.url).delete_snapshot(7).status == 204


def test_netrc_file_of_the_environment_is_not_used(wire, client, monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    wire.misbehave("answer", status=204)
    make_client(CANARY, wire.url).delete_snapshot(7)
    assert wire.last_headers["Authorization"] == f"Bearer {CANARY}"
