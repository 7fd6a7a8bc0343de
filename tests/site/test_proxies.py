"""Which proxies' headers are trusted, and the headers of every response."""

import json
import logging
from io import StringIO

import pytest
from django.test import Client
from structlog.stdlib import ProcessorFormatter

from snapportal.setting_values import parse_networks
from snapshots.audit.models import Entry

PROXY = "10.0.0.1"
CLIENT = "203.0.113.7"


@pytest.fixture
def behind_proxies(settings):
    settings.SNAPPORTAL_TRUSTED_PROXIES = parse_networks("10.0.0.0/8, fd00::/8")


def address_in_log(peer: str, forwarded_for: str | None = None, **headers: str) -> str:
    """The address in the audit log for a failed sign-in."""
    if forwarded_for is not None:
        headers["HTTP_X_FORWARDED_FOR"] = forwarded_for
    Client().post("/sign-in/", {"username": "x", "password": "y"}, REMOTE_ADDR=peer, **headers)
    return Entry.objects.latest("sequence").address


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("peer", "forwarded_for", "expected"),
    [
        (CLIENT, None, CLIENT),
        (CLIENT, "1.2.3.4", CLIENT),
        (PROXY, CLIENT, CLIENT),
        (PROXY, f"1.2.3.4, {CLIENT}", CLIENT),
        (PROXY, f"1.2.3.4, {CLIENT}, 10.9.9.9", CLIENT),
        (PROXY, "10.1.1.1, 10.2.2.2", "10.1.1.1"),
        (PROXY, f"{CLIENT}:4711", CLIENT),
        (PROXY, "[2001:db8::5]:4711", "2001:db8::5"),
        (PROXY, f"::ffff:{CLIENT}", CLIENT),
        (PROXY, "2001:db8::5", "2001:db8::5"),
        (PROXY, f"{CLIENT}, <script>", PROXY),
        (PROXY, "", PROXY),
        (PROXY, None, PROXY),
        ("fd00::1", CLIENT, CLIENT),
        ("::ffff:10.0.0.1", CLIENT, CLIENT),
        ("", "1.2.3.4", ""),
    ],
)
def test_the_client_address_is_taken_from_trusted_proxies(behind_proxies, peer, forwarded_for, expected):
    assert address_in_log(peer, forwarded_for) == expected


@pytest.mark.django_db
def test_without_trusted_proxies_forwarded_headers_are_ignored():
    headers = {"HTTP_X_FORWARDED_PROTO": "https", "HTTP_FORWARDED": "for=1.2.3.4"}
    assert address_in_log(PROXY, "1.2.3.4", **headers) == PROXY


def request_of(**headers):
    return Client().get("/livez", **headers).wsgi_request


def test_only_a_trusted_proxy_can_say_https(behind_proxies):
    assert request_of(REMOTE_ADDR=PROXY, HTTP_X_FORWARDED_PROTO="https").is_secure()
    assert not request_of(REMOTE_ADDR=PROXY, HTTP_X_FORWARDED_PROTO="https,http").is_secure()
    assert not request_of(REMOTE_ADDR=CLIENT, HTTP_X_FORWARDED_PROTO="https").is_secure()


def test_forwarded_headers_of_untrusted_clients_are_removed(behind_proxies):
    meta = request_of(
        REMOTE_ADDR=CLIENT, HTTP_X_FORWARDED_HOST="evil.example", HTTP_X_FORWARDED_FOR="1.1.1.1"
    ).META
    assert not [name for name in meta if "FORWARDED" in name]


@pytest.mark.parametrize(
    ("peer", "sent", "is_kept"),
    [
        (PROXY, "req-0123456789", True),
        (CLIENT, "req-0123456789", False),
        (PROXY, "short", False),
        (PROXY, "x" * 37, False),
        (PROXY, "forged\nline-of-a-log", False),
        (PROXY, "<script>alert(1)</script>", False),
    ],
)
def test_a_request_id_is_accepted_from_trusted_proxies_only(behind_proxies, peer, sent, is_kept):
    answer = Client().get("/livez", REMOTE_ADDR=peer, HTTP_X_REQUEST_ID=sent)
    assert (answer["X-Request-ID"] == sent) is is_kept
    assert len(answer["X-Request-ID"]) in {len(sent), 32}


def test_every_request_has_an_id_of_its_own():
    assert Client().get("/livez")["X-Request-ID"] != Client().get("/livez")["X-Request-ID"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/livez", "/sign-in/", "/", "/nothing-here", "/static/nothing.css"])
def test_every_response_has_the_security_headers(path):
    answer = Client().get(path)
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer["Referrer-Policy"] == "same-origin"
    assert "camera=()" in answer["Permissions-Policy"]
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert answer["Cache-Control"] == "no-store"


@pytest.fixture
def log_lines():
    """The lines that the portal's handler writes."""
    (handler,) = [
        one for one in logging.getLogger().handlers if isinstance(one.formatter, ProcessorFormatter)
    ]
    stream = StringIO()
    before = handler.setStream(stream)
    yield lambda: stream.getvalue().splitlines()
    handler.setStream(before)


def test_a_log_line_contains_no_query_and_no_invitation_key(db, log_lines):
    Client().get("/welcome/a-key-that-opens-an-account/?q=secret-words")
    Client(enforce_csrf_checks=True).post("/welcome/a-key-that-opens-an-account/")
    lines = log_lines()
    assert "welcome/<str:key>/" in "".join(lines)
    assert "a-key-that-opens-an-account" not in "".join(lines)
    assert "secret-words" not in "".join(lines)


def test_a_log_line_cannot_be_forged(db, log_lines):
    Client().get('/nothing\n{"event":"forged"}')
    assert len(log_lines()) > 0
    assert all(json.loads(line)["event"] != "forged" for line in log_lines())
