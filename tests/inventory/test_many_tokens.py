"""A page has one deadline, however many tokens it reads, and a token that hangs does not block the others permanently."""

import json
import time
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
import time_machine
from django.core.cache import cache
from django.core.management import call_command
from django.utils import timezone

from snapshots.connection import own_tokens
from snapshots.inventory import leases, readings
from snapshots.operations.management.commands import reconcile_operations
from snapshots.operations.models import Operation, State
from snapshots.operations.reconciliation import read_and_reconcile_all
from snapshots.upstream import network
from snapshots.vault.models import StoredToken
from tests.support.desk import make_desk
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db
LABELS = "abcdefgh"
TIMEOUT_SECONDS = 0.5
LONG_TIMEOUT_SECONDS = 2.0
"""Long enough to read some tokens on a busy machine."""


def hang() -> None:
    """Wait until the client's own deadline, as if the provider accepted the request and sent no answer."""
    time.sleep(max(0.0, network.seconds_left()))
    raise httpx.ReadTimeout("no answer")


def answer_after(share: float) -> Callable[[], None]:
    """A behaviour that answers after this share of a call's deadline."""

    def wait() -> None:
        if network.seconds_left() < share * LONG_TIMEOUT_SECONDS:
            hang()
        time.sleep(share * LONG_TIMEOUT_SECONDS)

    return wait


class Provider:
    """Calls `behaviours[label]` before it answers a token. `asked` has the labels in the order of their snapshot reads."""

    def __init__(self, double) -> None:
        self.behaviours: dict[str, Callable[[], None]] = {}
        self.asked: list[str] = []
        double.answer = self._answer

    def _answer(self, request: httpx.Request) -> httpx.Response:
        label = request.headers["Authorization"][-1]
        if "/servers/" in request.url.path:
            return httpx.Response(200, content=b'{"results": []}')
        self.asked.append(label)
        self.behaviours.get(label, lambda: None)()
        item = {"id": ord(label), "server": {"id": ord(label), "name": f"server-{label}"}}
        return httpx.Response(200, content=json.dumps({"results": [item], "count": 1}).encode())

    def asked_since(self) -> str:
        asked, self.asked = "".join(self.asked), []
        return asked


@pytest.fixture
def provider(double, settings) -> Provider:
    settings.SNAPPORTAL_API_TIMEOUT_SECONDS = TIMEOUT_SECONDS
    return Provider(double)


@pytest.fixture
def mia(cast):
    """Mia with eight tokens."""
    cache.clear()
    for label in LABELS:
        make_desk(cast.mia, f"token-of-tests-{label}", label)
    return cast.mia


def known(user) -> str:
    return "".join(
        token.label
        for token, reading in read_and_reconcile_all(own_tokens(user))
        if reading.is_known and not reading.error
    )


@pytest.mark.alone
@pytest.mark.parametrize("path", ["/", "/attention/"])
def test_eight_tokens_of_a_hung_provider_take_one_deadline(provider, mia, signed_in, path):
    provider.behaviours = dict.fromkeys(LABELS, hang)
    browser = signed_in(mia)
    began = time.monotonic()
    response = browser.get(path)
    assert time.monotonic() - began < 5 * TIMEOUT_SECONDS, "more than one deadline passed"
    assert response.status_code == 200
    assert provider.asked_since() == "a"


def test_tokens_that_were_not_read_say_so_and_are_read_by_later_pages(provider, mia, signed_in):
    provider.behaviours = dict.fromkeys(LABELS, hang)
    browser = signed_in(mia)
    text = text_of(browser.get("/"))
    assert "The provider does not answer in time (a)" in text
    assert text.count("There was no time left to read with this token") == 7
    for _ in range(7):
        browser.get("/")
    assert sorted(provider.asked_since()) == list(LABELS), "each was asked once in eight pages"


def test_a_token_that_hangs_is_read_last_so_that_the_others_are_read(provider, mia, settings):
    StoredToken.objects.exclude(label__in="abcd").delete()
    settings.SNAPPORTAL_API_TIMEOUT_SECONDS = LONG_TIMEOUT_SECONDS
    provider.behaviours = {"a": hang}
    assert known(mia) == ""
    assert known(mia) == "bcd"
    provider.asked_since()
    moment = timezone.now()
    visits = []
    for second in range(20, 81, 20):
        with time_machine.travel(moment + timedelta(seconds=second)):
            known(mia)
            visits.append(provider.asked_since())
    assert set(visits) <= {"bcd", "bcda", "a"}
    assert visits.count("a") <= 2, "it may be read first only after a page that cut it short"
    with time_machine.travel(moment + timedelta(seconds=300)):
        provider.behaviours = {}
        assert known(mia) == "abcd", "it recovers"


def test_a_slow_token_that_was_cut_short_is_read_first_next_time(provider, mia, settings):
    """The others use so much of the page's time that the slow one would never be read if it stayed last."""
    settings.SNAPPORTAL_API_TIMEOUT_SECONDS = LONG_TIMEOUT_SECONDS
    provider.behaviours = dict.fromkeys("abcdefg", answer_after(0.05)) | {"h": answer_after(0.75)}
    assert "h" not in known(mia)
    with time_machine.travel(timezone.now() + timedelta(seconds=10)):
        provider.asked_since()
        assert "h" in known(mia)
        assert provider.asked_since()[0] == "h"


def test_a_token_without_time_left_shows_its_cached_lists(provider, mia, settings):
    settings.SNAPPORTAL_API_TIMEOUT_SECONDS = LONG_TIMEOUT_SECONDS
    assert known(mia) == LABELS
    settings.SNAPPORTAL_API_TIMEOUT_SECONDS = TIMEOUT_SECONDS
    provider.behaviours = dict.fromkeys(LABELS, hang)
    with time_machine.travel(timezone.now() + timedelta(seconds=90)):
        found = read_and_reconcile_all(own_tokens(mia))
        assert all(reading.snapshots and reading.is_stale for _token, reading in found)
    assert [token.label for token, _reading in found] == list(LABELS)
    assert sorted(reading.error for _token, reading in found) == [""] * 7 + ["deadline"]


def test_a_token_that_is_not_due_is_not_read(provider, mia, settings):
    settings.SNAPPORTAL_API_TIMEOUT_SECONDS = LONG_TIMEOUT_SECONDS
    assert known(mia) == LABELS
    provider.asked_since()
    assert known(mia) == LABELS
    assert provider.asked_since() == ""


def test_one_run_of_the_command_has_one_deadline(provider, mia, monkeypatch, capsys):
    monkeypatch.setattr(reconcile_operations, "RUN_SECONDS", 2.5 * TIMEOUT_SECONDS)
    provider.behaviours = dict.fromkeys(LABELS, hang)
    for token in own_tokens(mia):
        Operation.objects.create(
            idempotency_key=token.label,
            action="snapshot.delete",
            state=State.UNKNOWN,
            actor_id=mia.pk,
            token_fingerprint=token.fingerprint,
            server_id=7,
            created_at=timezone.now(),
            sent_at=timezone.now(),
        )
    call_command("reconcile_operations")
    assert 2 <= len(provider.asked_since()) <= 3
    assert "8 still open" in capsys.readouterr().out


def test_the_deadline_of_a_page_ends_with_the_page(provider, mia):
    provider.behaviours = {"a": hang}
    known(mia)
    assert network.seconds_left() > 1e6
    cached = readings.load(own_tokens(mia)[0].fingerprint)
    assert cached is not None and not cached.was_cut_short, "it had a whole deadline"


@pytest.mark.alone
def test_waiting_for_other_processes_first_readings_takes_one_deadline(provider, mia):
    for token in own_tokens(mia):
        assert leases.take(readings.cache_key(token.fingerprint), "another process", 60)
    began = time.monotonic()
    assert known(mia) == ""
    assert time.monotonic() - began < 5 * TIMEOUT_SECONDS
    assert provider.asked_since() == ""
