"""An identity provider that is down, slow, wrong or huge: a clear page within ten seconds, and nobody else is harmed."""

import contextlib
import threading
import time
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from snapportal.accounts.oidc import calls
from snapportal.accounts.oidc.errors import OutageError
from snapportal.accounts.session_models import PersonSession
from snapshots.audit.models import Entry
from tests.accounts.oidc.conftest import begin, sign_on

DISCOVERY = "/.well-known/openid-configuration"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(calls, "CALL_SECONDS", 2.0)


def at(path: str, status: int, body: bytes) -> Callable[[str], tuple[int, bytes] | None]:
    return lambda asked: (status, body) if asked == path else None


def hangs(path: str, seconds: float) -> Callable[[str], None]:
    return lambda asked: time.sleep(seconds) if asked == path else None


BAD = {
    "an error": (500, b"{}", 503),
    "too many requests": (429, b"{}", 503),
    "no JSON": (200, b"<html>", 502),
    "no object": (200, b"[]", 502),
    "deep JSON": (200, b"[" * 100_000, 502),
    "not UTF-8": (200, b"\xff\xfe{", 502),
    "too much": (200, b"{}" + b" " * 600_000, 502),
    "a redirect": (302, b"https://evil.example/", 502),
    "not found": (404, b"{}", 502),
    "nothing": (200, b"{}", 502),
}


@pytest.mark.parametrize("name", BAD)
def test_a_wrong_discovery_document_begins_nothing(idp, cast, name):
    status, body, expected = BAD[name]
    idp.override = at(DISCOVERY, status, body)
    answer = Client().post(reverse("sso_start"))
    assert answer.status_code == expected
    assert "Single sign-on does not work now" in answer.text
    assert "Try again" in answer.text
    idp.override = lambda path: None
    assert sign_on(idp).status_code == 302, "what is wrong is not kept"


@pytest.mark.parametrize("name", set(BAD) - {"nothing"})
@pytest.mark.parametrize("path", ["/token", "/keys"])
def test_a_wrong_answer_to_the_code_signs_nobody_in(idp, cast, path, name):
    status, body, expected = BAD[name]
    idp.override = at(path, status, body)
    assert sign_on(idp).status_code == expected
    assert not PersonSession.objects.exists()
    assert not Entry.objects.exists(), "an outage is no refusal"


def test_no_tokens_and_no_keys_are_refused(idp, cast):
    for path in ("/token", "/keys"):
        idp.override = at(path, 200, b"{}")
        assert sign_on(idp).status_code == 403


def test_no_redirect_is_followed(idp, cast):
    idp.override = at(DISCOVERY, 302, f"{idp.url}/keys".encode())
    Client().post(reverse("sso_start"))
    assert idp.paths == [DISCOVERY]


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"token_endpoint": "http://evil.example/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "https://evil.example/\r\nSet-Cookie: x"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": "https://user:pass@evil.example/"},
        {"jwks_uri": None},
        {"token_endpoint": ["https://evil.example"]},
        {"id_token_signing_alg_values_supported": None},
    ],
    ids=str,
)
def test_a_discovery_document_that_leads_astray_begins_nothing(idp, cast, changes):
    idp.metadata = changes
    assert Client().post(reverse("sso_start")).status_code == 502


def test_with_a_real_provider_every_address_is_https(idp, cast, settings):
    settings.SANDBOX = False
    assert Client().post(reverse("sso_start")).status_code == 502


def test_nobody_there(idp, cast, configure):
    configure(issuer="http://127.0.0.1:9")
    answer = Client().post(reverse("sso_start"))
    assert answer.status_code == 503
    assert "cannot be reached" in answer.text


@pytest.mark.parametrize("path", ["/token", "/keys"])
def test_a_provider_that_hangs_is_given_up(idp, cast, path):
    idp.override = hangs(path, 6)
    started = time.monotonic()
    assert sign_on(idp).status_code == 503
    assert time.monotonic() - started < 4


def test_all_calls_of_a_page_together_have_a_deadline(idp, cast, monkeypatch):
    assert calls.TOTAL_SECONDS < 10
    monkeypatch.setattr(calls, "TOTAL_SECONDS", 0.5)
    monkeypatch.setattr(calls.Deadline.__init__, "__defaults__", (0.5,))
    monkeypatch.setattr(calls, "CALL_SECONDS", 5)
    idp.override = lambda path: time.sleep(0.4) if path in {"/token", "/keys"} else None
    client = Client()
    back = idp.authorize(begin(client))
    started = time.monotonic()
    assert client.get(back).status_code == 503
    assert time.monotonic() - started < 1.0


def test_only_few_wait_for_it_at_once(idp, cast, settings):
    """A hung provider must not take all threads: the next is told at once."""
    for _place in range(calls.AT_ONCE):
        calls._places.acquire()
    try:
        answer = Client().post(reverse("sso_start"))
    finally:
        for _place in range(calls.AT_ONCE):
            calls._places.release()
    assert answer.status_code == 503
    assert "Several people wait" in answer.text
    assert Client().post(reverse("sso_start")).status_code == 200


def test_other_pages_and_sessions_go_on_meanwhile(idp, cast, signed_in, monkeypatch):
    monkeypatch.setattr(calls, "CALL_SECONDS", 7.0)
    idp.override = hangs(DISCOVERY, 5)
    client = signed_in(cast.vera)

    def wait() -> None:
        with contextlib.suppress(OutageError):
            calls.get(idp.url + DISCOVERY, calls.Deadline())

    threads = [threading.Thread(target=wait) for _place in range(calls.AT_ONCE)]
    for thread in threads:
        thread.start()
    try:
        assert client.get("/account/").status_code == 200
        assert client.get("/livez").status_code == 200
        assert Client().get("/sign-in/").status_code == 200
        assert Client().post(reverse("sso_start")).status_code == 503
        assert all(thread.is_alive() for thread in threads), "the others were answered before"
    finally:  # the next test finds no place taken
        for thread in threads:
            thread.join()


def test_a_provider_that_takes_the_secret_in_the_form(idp, cast):
    idp.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert sign_on(idp).status_code == 302


def test_a_wrong_client_secret_is_said(idp, cast, configure):
    configure(client_secret="another")
    answer = sign_on(idp)
    assert answer.status_code == 502
    assert "not set up for this portal" in answer.text
