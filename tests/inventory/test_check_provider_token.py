"""manage.py check_provider with a token: what the token may read, how it is passed, and that it is never printed."""

import io
import socket
import sys
import time

import pytest

from snapshots.audit.models import Entry
from snapshots.sandbox.demo_data import TEAM_EMAIL, issue_token
from snapshots.sandbox.provider import SEE_SERVERS, SEE_SNAPSHOTS
from tests.support.provider_check import NO_TOKEN_BODY, TOKEN, line_of

pytestmark = pytest.mark.django_db


def test_a_refused_token_fails(http_sandbox, check_provider):
    result = check_provider(url=http_sandbox.url, token="sbx_nobody-knows-this-one")
    assert result.code == 1
    told = line_of(result, "Snapshots")
    assert told.startswith("FAIL")
    assert "(HTTP 401)" in told
    assert "mistyped, expired, revoked" in told
    assert line_of(result, "Servers list") == ""


def test_a_token_that_may_not_list_servers_is_sufficient(http_sandbox, check_provider):
    token = issue_token(TEAM_EMAIL, "no servers", [SEE_SNAPSHOTS])
    result = check_provider(url=http_sandbox.url, token=token)
    assert result.code == 0
    told = line_of(result, "Servers list")
    assert told.startswith("note ")
    assert "(HTTP 403)" in told
    assert "Not needed, but without it" in told
    assert "at the provider's site" in told


def test_a_token_that_may_not_list_snapshots_fails(http_sandbox, check_provider):
    token = issue_token(TEAM_EMAIL, "no snapshots", [SEE_SERVERS])
    result = check_provider(url=http_sandbox.url, token=token)
    assert result.code == 1
    assert line_of(result, "Snapshots").startswith("FAIL")
    assert line_of(result, "Servers list").startswith("ok ")


def test_a_rate_limited_check_reports_when_to_try_again(http_sandbox, check_provider):
    http_sandbox.misbehave("rate_limit", retry_after="120", times=0)
    result = check_provider(url=http_sandbox.url, token=TOKEN)
    assert result.code == 1
    assert line_of(result, "API").startswith("note ")
    assert "again in 120 seconds" in line_of(result, "Snapshots")


@pytest.mark.alone
@pytest.mark.parametrize("mode", ["hang_before", "drip_headers", "drip_body"])
def test_a_hung_provider_fails_at_the_deadline(wire, check_provider, settings, mode):
    settings.SNAPPORTAL_API_TIMEOUT_SECONDS = 0.4
    wire.misbehave(mode, work=False, seconds=0.05 if "drip" in mode else 20, times=0)
    began = time.monotonic()
    result = check_provider(url=wire.url, token=TOKEN)
    assert time.monotonic() - began < 1.5
    assert result.code == 1
    assert "FAIL" in line_of(result, "API")


@pytest.mark.alone
def test_a_provider_that_hangs_on_a_token_fails_at_the_deadline(wire, check_provider, settings):
    settings.SNAPPORTAL_API_TIMEOUT_SECONDS = 0.4
    wire.misbehave("answer", status=401, body=NO_TOKEN_BODY)
    wire.misbehave("hang_before", times=0)
    began = time.monotonic()
    result = check_provider(url=wire.url, token=TOKEN)
    assert time.monotonic() - began < 1.5
    assert result.code == 1
    assert "slow or hangs" in line_of(result, "Snapshots")
    assert line_of(result, "Servers list") == ""


@pytest.mark.alone
def test_a_hung_tls_handshake_fails_at_the_deadline(check_provider, settings):
    settings.SNAPPORTAL_API_TIMEOUT_SECONDS = 0.4
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        result = check_provider(url=f"https://127.0.0.1:{silent.getsockname()[1]}", token=TOKEN)
    assert time.monotonic() - began < 1.5
    assert result.code == 1
    assert line_of(result, "Certificate").startswith("FAIL")


def test_a_token_quoted_by_the_provider_is_not_printed(wire, check_provider):
    wire.misbehave("answer", status=401, body=NO_TOKEN_BODY)
    wire.misbehave("answer", status=401, body=f'{{"detail": "unknown token {TOKEN}"}}', times=0)
    result = check_provider(url=wire.url, token=TOKEN)
    assert "unknown token [token]" in line_of(result, "Snapshots")


def test_a_token_is_read_from_standard_input(sandbox, check_provider, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{sandbox.token}\n"))
    result = check_provider("--token", "-")
    assert result.code == 0
    assert sandbox.token not in result.text
    assert line_of(result, "Snapshots").startswith("ok ")


@pytest.mark.parametrize(
    "options", [("--token", TOKEN), (f"--token={TOKEN}",), (TOKEN,), ("--token", "-", TOKEN)]
)
def test_a_token_on_the_command_line_is_refused_and_not_repeated(check_provider, options):
    result = check_provider(*options)
    assert result.code == 1
    assert "must not stand on the command line" in result.error
    assert result.lines == []


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "No such file"), (b"", "empty"), (b" \n", "empty"), (b"\xff\xfe", "no text")],
)
def test_a_token_file_without_a_token_is_refused(tmp_path, check_provider, content, words):
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    result = check_provider("--token-file", str(path))
    assert result.code == 1
    assert words in result.error


def test_a_token_in_its_header_is_taken_out_of_it(sandbox, check_provider):
    result = check_provider(token=f"Authorization: Bearer {sandbox.token}")
    assert result.code == 0
    assert sandbox.token not in result.text
    assert "without its header" in line_of(result, "Token")
    assert line_of(result, "Snapshots").startswith("ok ")


def test_a_token_that_cannot_be_sent(sandbox, check_provider):
    result = check_provider(token="two words")
    assert result.code == 1
    assert "copy it again" in line_of(result, "Snapshots")


def test_the_check_of_a_stored_token_is_recorded(desk, check_provider):
    result = check_provider("--stored", desk.token.pk)
    assert result.code == 0
    assert line_of(result, "Snapshots").startswith("ok ")
    entry = Entry.objects.latest("sequence")
    assert (entry.action, entry.result, entry.channel) == ("token.check", "completed", "command")
    assert (entry.full_target, entry.token_label) == (str(desk.user), desk.token.label)


def test_a_stored_token_that_cannot_be_decrypted_fails(desk, check_provider, settings):
    settings.SNAPPORTAL_TOKEN_KEYS = {"other": b"k" * 32}
    result = check_provider("--stored", desk.token.pk)
    assert result.code == 1
    assert "SNAPPORTAL_TOKEN_KEYS" in line_of(result, "Token")
    assert Entry.objects.latest("sequence").code == "sealed"


def test_a_check_that_cannot_be_recorded_fails(desk, check_provider, settings):
    settings.SNAPPORTAL_AUDIT_KEYS = {}
    result = check_provider("--stored", desk.token.pk)
    assert result.code == 1
    assert line_of(result, "Audit log").startswith("FAIL")


def test_an_unknown_id_lists_the_stored_tokens(desk, check_provider):
    result = check_provider("--stored", "nonsense")
    assert result.code == 1
    assert f"{desk.token.pk}  {desk.token.label} ({desk.user})" in result.error
