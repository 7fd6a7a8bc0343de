"""A worker killed while it reads the lists has sent nothing; the same form says so and can soon be sent again."""

import re
import threading
import time
from collections.abc import Iterator

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

from snapshots.audit.models import Entry
from snapshots.connection import OPTIONAL_SECONDS
from snapshots.inventory import leases
from snapshots.inventory.models import Lease
from snapshots.operations import idempotency
from snapshots.operations.models import Action, Operation
from tests.operations.test_intent_first import write_calls
from tests.support import interrupted_look
from tests.support.pages import text_of

TIMEOUT_SECONDS = 1.0
MAX_CLAIM_SECONDS = TIMEOUT_SECONDS + OPTIONAL_SECONDS + 2


def await_calls(http_sandbox, count: int) -> None:
    deadline = time.monotonic() + 20
    while len(http_sandbox.calls) < count:
        assert time.monotonic() < deadline, "the reading did not start"
        time.sleep(0.01)


@pytest.fixture
def killed(far_desk, http_sandbox, settings) -> Iterator[tuple[Client, str, dict[str, str]]]:
    """A browser and a delete form whose first request was killed (SIGKILL) while it read the lists."""
    settings.SNAPPORTAL_API_TIMEOUT_SECONDS = TIMEOUT_SECONDS
    view = far_desk.server()
    snapshot = far_desk.snapshot(view)
    confirmation = far_desk.confirm(Action.DELETE, view, snapshot)
    http_sandbox.clear()
    http_sandbox.misbehave("hang_before", seconds=30, times=1, method="GET")
    process = interrupted_look.start(
        far_desk, confirmation, http_sandbox.url, timeout_seconds=TIMEOUT_SECONDS
    )
    try:
        await_calls(http_sandbox, 1)
    finally:
        process.kill()
        process.wait(10)
    http_sandbox.clear()
    browser = Client()
    browser.force_login(far_desk.user)
    url = reverse("snapshot_delete", args=[far_desk.token.pk, snapshot.id])
    yield browser, url, {"confirmation": confirmation, "understood": "on"}


def test_a_form_sent_again_waits_until_the_claim_expires_and_is_then_sent(killed, http_sandbox):
    browser, url, data = killed
    started = time.monotonic()
    answer = browser.post(url, data)
    assert answer.status_code == 302
    assert time.monotonic() - started < MAX_CLAIM_SECONDS + 6
    assert len(write_calls(http_sandbox)) == 1
    assert Entry.objects.filter(phase="intent").count() == 1


def test_a_post_that_may_not_wait_says_that_nothing_was_sent_and_when_to_send_it_again(
    killed, http_sandbox, monkeypatch
):
    browser, url, data = killed
    full_semaphore = threading.BoundedSemaphore(1)
    full_semaphore.acquire()
    monkeypatch.setattr(idempotency, "_waiting", full_semaphore)
    answer = browser.post(url, data)
    assert answer.status_code == 409
    text = text_of(answer)
    assert "Nothing has been sent yet" in text
    assert "was sent a moment ago" not in text
    seconds = int(re.search(r"Send it again in (\d+) second", text).group(1))
    assert 0 < seconds <= MAX_CLAIM_SECONDS
    assert write_calls(http_sandbox) == []
    assert data["confirmation"] in answer.content.decode()
    time.sleep(seconds)
    assert browser.post(url, data).status_code == 302
    assert len(write_calls(http_sandbox)) == 1


def test_a_claim_lasts_no_longer_than_reading_the_lists_may_take(killed):
    lease = Lease.objects.get(key__startswith="once:")
    assert lease.expires_at - time.time() <= MAX_CLAIM_SECONDS
    assert leases.seconds_left(lease.key) > 0


@pytest.mark.parametrize("action", [Action.RESTORE, Action.DELETE])
def test_a_second_request_after_an_expired_claim_returns_the_operation_of_the_slow_first_one(
    far_desk, http_sandbox, settings, action
):
    """The claim expires, a second request starts to read the lists, and then the first one continues."""
    settings.SNAPPORTAL_API_TIMEOUT_SECONDS = 20
    view = far_desk.server()
    confirmation = far_desk.confirm(action, view, far_desk.snapshot(view))
    http_sandbox.clear()
    outcomes: list[object] = []

    def act() -> None:
        try:
            outcomes.append(far_desk.operate(action, view, confirmation=confirmation).pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=act) for _ in range(2)]
    for number, (thread, seconds) in enumerate(zip(threads, (1.0, 2.0), strict=True), start=1):
        http_sandbox.misbehave("latency", seconds=seconds, times=1, method="GET")
        thread.start()
        await_calls(http_sandbox, number)
        Lease.objects.filter(key__startswith="once:").delete()
    for thread in threads:
        thread.join(30)
    assert outcomes == [Operation.objects.get().pk] * 2
    assert len(write_calls(http_sandbox)) == 1
    assert not Entry.objects.filter(result="refused").exists()
