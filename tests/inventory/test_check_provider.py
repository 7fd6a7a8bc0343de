"""manage.py check_provider: the finding and the advice of each step of the connection, and the exit code."""

import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from snapshots.inventory import provider_check
from snapshots.operations import evidence
from snapshots.sandbox.demo_data import TEAM_EMAIL
from snapshots.sandbox.faults import Misbehaviour
from tests.support.provider import fill_sandbox
from tests.support.provider_check import NO_TOKEN_BODY, TOKEN, asks_for_token, line_of
from tests.support.tls import ISSUER, https_url, serve_tls, trust, write_certificate

pytestmark = pytest.mark.django_db


@pytest.mark.django_db(transaction=True)
def test_every_step_succeeds_over_tls(tmp_path, monkeypatch, check_provider):
    certificate = write_certificate(tmp_path)
    trust(certificate, monkeypatch)
    sandbox = fill_sandbox()
    with serve_tls(certificate) as server:
        result = check_provider(token=sandbox.token, url=https_url(server))
    assert result.code == 0, result.text
    assert all(line.startswith("ok ") for line in result.lines[:-1]), result.text
    assert result.lines[-1] == "All that is needed is fine."
    assert "127.0.0.1 is 127.0.0.1" in line_of(result, "Address")
    ends = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}"
    assert f"CN={ISSUER}, valid until {ends}" in line_of(result, "Certificate")
    assert "asks for a token, as it should (HTTP 401)" in line_of(result, "API")
    assert "less than 30 seconds" in line_of(result, "Clock")
    assert "the token sees 13, on 5 servers" in line_of(result, "Snapshots")
    assert "the token sees 6 servers" in line_of(result, "Servers list")
    assert TEAM_EMAIL in line_of(result, "Account")


def test_the_in_process_sandbox_is_reported_as_such(sandbox, check_provider):
    result = check_provider(token=sandbox.token)
    assert result.code == 0
    assert "sandbox" in line_of(result, "Provider")
    assert line_of(result, "Address") == ""
    assert line_of(result, "Snapshots").startswith("ok ")


def test_without_a_token_only_the_connection_is_checked(wire, check_provider):
    asks_for_token(wire)
    result = check_provider(url=wire.url)
    assert result.code == 0
    assert "--token-file" in line_of(result, "Token")
    assert "http://" in line_of(result, "Certificate")
    assert wire.calls == [("GET", "/api/v1/snapshots/")]
    assert "Authorization" not in wire.last_headers


def test_a_host_name_that_does_not_resolve_fails(monkeypatch, check_provider):
    def unknown(*args: object, **kwargs: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    result = check_provider(url="https://provider.invalid", token=TOKEN)
    assert result.code == 1
    assert "FAIL" in line_of(result, "Address")
    assert "Check the host name provider.invalid" in line_of(result, "Address")
    assert line_of(result, "Connection") == line_of(result, "Snapshots") == ""


def test_a_refused_connection_fails(check_provider):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        result = check_provider(url=f"https://127.0.0.1:{port}", token=TOKEN)
    assert result.code == 1
    assert line_of(result, "Address").startswith("ok ")
    assert line_of(result, "Connection").startswith("FAIL")
    assert f"port {port} there (firewall" in line_of(result, "Connection")
    assert line_of(result, "Certificate") == ""


@pytest.mark.parametrize(
    ("days", "trusted", "host", "reason"),
    [
        (30, False, "127.0.0.1", "self-signed certificate"),
        (-1, True, "127.0.0.1", "certificate has expired"),
        (30, True, "localhost", "not valid for 'localhost'"),
    ],
    ids=["unknown issuer", "expired", "another name"],
)
def test_an_untrusted_certificate_fails(tmp_path, monkeypatch, check_provider, days, trusted, host, reason):
    certificate = write_certificate(tmp_path, days=days)
    if trusted:
        trust(certificate, monkeypatch)
    with serve_tls(certificate) as server:
        result = check_provider(url=https_url(server).replace("127.0.0.1", host), token=TOKEN)
        assert server.calls == []
    assert result.code == 1
    told = line_of(result, "Certificate")
    assert told.startswith("FAIL")
    assert reason in told
    assert f"issued by CN={ISSUER}" in told
    assert ("expired on" in told) is (days < 0)
    assert "No token is sent there" in told
    assert line_of(result, "API") == line_of(result, "Snapshots") == ""


def test_a_certificate_that_expires_soon_gives_a_note(tmp_path, monkeypatch, check_provider):
    certificate = write_certificate(tmp_path, days=3)
    trust(certificate, monkeypatch)
    with serve_tls(certificate) as server:
        server.misbehave(Misbehaviour(mode="answer", status=401, body=NO_TOKEN_BODY))
        result = check_provider(url=https_url(server))
    assert result.code == 0
    assert line_of(result, "Certificate").startswith("note ")
    assert "renew" in line_of(result, "Certificate")


def test_a_port_without_tls_fails(wire, check_provider):
    result = check_provider(url=wire.url.replace("http:", "https:"), token=TOKEN)
    assert result.code == 1
    assert "does not speak TLS" in line_of(result, "Certificate")


@pytest.mark.parametrize(
    ("hours", "mark", "words"),
    [
        (2, "FAIL", "2 hours ahead of ours"),
        (-2, "FAIL", "2 hours behind ours"),
        (72, "FAIL", "3 days ahead of ours"),
        (1 / 6, "FAIL", "10 minutes ahead of ours"),
        (1 / 60, "note", "seconds ahead of ours"),
        (0, "ok", "less than 30 seconds"),
    ],
)
def test_the_clocks_are_compared(wire, check_provider, hours, mark, words):
    there = datetime.now(UTC) + timedelta(hours=hours)
    asks_for_token(wire, Date=format_datetime(there, usegmt=True))
    result = check_provider(url=wire.url, token=TOKEN)
    told = line_of(result, "Clock")
    assert told.startswith(f"{mark} ")
    assert words in told
    assert ("NTP" in told) is (mark != "ok")
    assert line_of(result, "Snapshots"), "a wrong clock does not keep the token from being checked"
    assert check_provider(url=wire.url).code == (1 if mark == "FAIL" else 0)


@pytest.mark.parametrize("date", ["", "yesterday", "Thu, 99 Nov 2026 99:99:99 GMT", "2026-11-25T10:00:00Z"])
def test_an_answer_without_a_valid_date_gives_a_note(wire, check_provider, date):
    asks_for_token(wire, Date=date)
    result = check_provider(url=wire.url)
    assert result.code == 0
    assert line_of(result, "Clock").startswith("note ")


def test_the_limit_for_clocks_is_the_one_that_evidence_has():
    assert provider_check.CLOCK_LIMIT == evidence.CLOCK_SKEW


@pytest.mark.parametrize(
    ("status", "words", "advice"),
    [
        (404, "does not ask for a token", "what stands before /api/v1"),
        (200, "does not ask for a token", "what stands before /api/v1"),
        (302, "sends us on to “https://elsewhere.invalid/”", "Redirects are not followed"),
        (503, "it has trouble", "trouble of its own"),
    ],
)
def test_an_address_that_is_not_the_api_gets_no_token(wire, check_provider, status, words, advice):
    headers = {"Location": "https://elsewhere.invalid/"}
    wire.misbehave("answer", status=status, body="{}", headers=headers, times=0)
    result = check_provider(url=wire.url, token=TOKEN)
    assert result.code == 1
    assert line_of(result, "API").startswith("FAIL")
    assert words in line_of(result, "API")
    assert advice in line_of(result, "API")
    assert line_of(result, "Snapshots") == ""
    assert "Authorization" not in wire.last_headers
