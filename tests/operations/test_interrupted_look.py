"""A worker that is killed while it reads the lists has sent nothing: the same form says so, and soon works again."""

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
LOOK_SECONDS = TIMEOUT_SECONDS + OPTIONAL_SECONDS + 2


def await_calls(http_sandbox, count: int) -> None:
    deadline = time.monotonic() + 20
    while len(http_sandbox.calls) < count:
        assert time.monotonic() < deadline, "the look did not begin"
        time.sleep(0.01)


@pytest.fixture
def killed(far_desk, http_sandbox, settings) -> Iterator[tuple[Client, str, dict[str, str]]]:
    """A browser and the form of a delete, whose first request was killed (SIGKILL) during its look."""
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


def test_whoever_sends_the_form_again_waits_for_the_claim_to_end_and_has_it_done(killed, http_sandbox):
    browser, url, data = killed
    started = time.monotonic()
    answer = browser.post(url, data)
    assert answer.status_code == 302
    assert time.monotonic() - started < LOOK_SECONDS + 3
    assert len(write_calls(http_sandbox)) == 1
    assert Entry.objects.filter(phase="intent").count() == 1


def test_who_cannot_wait_is_told_that_nothing_was_sent_and_when_to_send_it_again(
    killed, http_sandbox, monkeypatch
):
    browser, url, data = killed
    nobody_waits = threading.BoundedSemaphore(1)
    nobody_waits.acquire()
    monkeypatch.setattr(idempotency, "_waiting", nobody_waits)
    answer = browser.post(url, data)
    assert answer.status_code == 409
    text = text_of(answer)
    assert "Nothing has been sent for it so far" in text
    assert "was sent a moment ago" not in text
    seconds = int(re.search(r"Send it again in (\d+) second", text).group(1))
    assert 0 < seconds <= LOOK_SECONDS
    assert write_calls(http_sandbox) == []
    assert data["confirmation"] in answer.content.decode()
    time.sleep(seconds)
    assert browser.post(url, data).status_code == 302
    assert len(write_calls(http_sandbox)) == 1


def test_a_claim_lasts_no_longer_than_the_look_may_take(killed):
    lease = Lease.objects.get(key__startswith="once:")
    assert lease.expires_at - time.time() <= LOOK_SECONDS
    assert leases.seconds_left(lease.key) > 0


@pytest.mark.parametrize("action", [Action.RESTORE, Action.DELETE])
def test_who_takes_over_from_one_that_is_only_slow_sees_its_operation(
    far_desk, http_sandbox, settings, action
):
    """The claim expires, a second request begins its look, and then the first goes on after all."""
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
