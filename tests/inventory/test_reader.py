"""Viewers with the same token share readings; while the provider is down the last reading stays, marked with its age."""

import threading
from datetime import timedelta

import pytest
import time_machine
from django.db import connections
from django.utils import timezone

from snapshots.inventory import leases
from snapshots.inventory.models import Lease
from snapshots.operations.reconciliation import read_and_reconcile
from snapshots.vault.models import StoredToken
from tests.support.desk import make_desk


def list_calls(http_sandbox) -> int:
    return sum(path == "/api/v1/snapshots/" for _, path in http_sandbox.calls)


def test_viewers_with_the_same_token_share_one_call(far_desk, cast, http_sandbox):
    colleague = make_desk(cast.vera, http_sandbox.sandbox.token, "Vera's copy")
    for _ in range(5):
        assert read_and_reconcile(far_desk.token).is_known
        assert read_and_reconcile(colleague.token).is_known
    assert list_calls(http_sandbox) == 1


def test_viewers_with_different_tokens_never_share_a_reading(far_desk, cast, http_sandbox):
    stranger = make_desk(cast.vera, http_sandbox.sandbox.other_token)
    mine = {one.id for one in read_and_reconcile(far_desk.token).snapshots}
    theirs = {one.id for one in read_and_reconcile(stranger.token).snapshots}
    assert mine and theirs and not mine & theirs


def test_twenty_concurrent_first_viewers_make_one_call(far_desk, http_sandbox):
    http_sandbox.misbehave("latency", seconds=0.3, method="GET", path_prefix="/api/v1/snapshots/")
    known: list[bool] = []

    def view() -> None:
        try:
            known.append(read_and_reconcile(far_desk.token).is_known)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=view) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(known) == 20
    assert list_calls(http_sandbox) == 1
    assert any(known)


def test_while_the_provider_is_down_the_last_list_stays_and_is_marked_stale(far_desk, http_sandbox):
    before = read_and_reconcile(far_desk.token)
    http_sandbox.misbehave("status", status=503, times=0)
    with time_machine.travel(timezone.now() + timedelta(seconds=5)):
        after = read_and_reconcile(far_desk.token)
    assert after.snapshots == before.snapshots
    assert after.confirmed_at == before.confirmed_at
    assert (after.error, after.is_stale) == ("server_fault", True)


def test_polling_slows_down_after_failures_and_recovers(far_desk, http_sandbox):
    read_and_reconcile(far_desk.token)
    http_sandbox.misbehave("status", status=503, times=0)
    intervals = []
    moment = timezone.now() + timedelta(seconds=5)
    for _ in range(7):
        with time_machine.travel(moment, tick=False):
            reading = read_and_reconcile(far_desk.token)
        intervals.append(reading.poll_seconds)
        moment += timedelta(seconds=reading.poll_seconds + 1)
    assert intervals == sorted(intervals)
    assert (intervals[0], intervals[-1]) == (5, 60)
    http_sandbox.behave()
    with time_machine.travel(moment, tick=False):
        reading = read_and_reconcile(far_desk.token)
        assert (reading.error, reading.is_stale, reading.poll_seconds) == ("", False, 4)


def test_a_failing_provider_is_not_called_between_two_attempts(far_desk, http_sandbox):
    http_sandbox.misbehave("status", status=500, times=0)
    read_and_reconcile(far_desk.token)
    asked = list_calls(http_sandbox)
    for _ in range(5):
        assert read_and_reconcile(far_desk.token).error == "server_fault"
    assert list_calls(http_sandbox) == asked


def test_retry_after_is_followed_even_before_a_write(far_desk, http_sandbox):
    http_sandbox.misbehave("rate_limit", retry_after="120")
    assert read_and_reconcile(far_desk.token).error == "rate_limited"
    asked = list_calls(http_sandbox)
    assert read_and_reconcile(far_desk.token, fresh=True).error == "rate_limited"
    assert list_calls(http_sandbox) == asked
    with time_machine.travel(timezone.now() + timedelta(seconds=125)):
        assert read_and_reconcile(far_desk.token).error == ""


def test_a_refused_token_is_remembered_until_it_works_again(far_desk, http_sandbox):
    http_sandbox.misbehave("status", status=401)
    assert read_and_reconcile(far_desk.token).error == "token_refused"
    stored = StoredToken.objects.get(pk=far_desk.token.pk)
    assert stored.refused_at is not None
    with time_machine.travel(timezone.now() + timedelta(seconds=10)):
        assert read_and_reconcile(stored).error == ""
    stored.refresh_from_db()
    assert stored.refused_at is None


def test_a_refusal_keeps_its_time_when_a_second_process_notices_it(far_desk, http_sandbox):
    loaded_before = StoredToken.objects.get(pk=far_desk.token.pk)
    http_sandbox.misbehave("status", status=401, times=2)
    read_and_reconcile(far_desk.token)
    first = StoredToken.objects.get(pk=far_desk.token.pk).refused_at
    with time_machine.travel(timezone.now() + timedelta(minutes=5)):
        assert read_and_reconcile(loaded_before, fresh=True).error == "token_refused"
    loaded_before.refresh_from_db()
    assert loaded_before.refused_at == first


@pytest.mark.parametrize("status", [401, 403, 404])
def test_without_the_servers_list_everything_else_works(far_desk, http_sandbox, status):
    http_sandbox.misbehave("status", status=status, times=0, path_prefix="/api/v1/servers/")
    reading = read_and_reconcile(far_desk.token)
    assert (reading.servers, reading.error) == (None, "")
    assert reading.snapshots
    read_and_reconcile(far_desk.token, fresh=True)
    asked = sum(path == "/api/v1/servers/" for _, path in http_sandbox.calls)
    assert asked == 1, "a refusal is cached for minutes"
    view = far_desk.server()
    assert far_desk.create(view).state == "accepted"


def test_an_unreadable_servers_list_does_not_affect_the_snapshots(far_desk, http_sandbox):
    http_sandbox.misbehave("garbage", times=0, path_prefix="/api/v1/servers/")
    reading = read_and_reconcile(far_desk.token)
    assert (reading.servers, reading.error) == (None, "")


@pytest.mark.django_db(transaction=True)
def test_a_lease_has_exactly_one_holder():
    holders: list[str] = []

    def take(owner: str) -> None:
        try:
            if leases.take("reading:x", owner, 30):
                holders.append(owner)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=take, args=[f"t{number}"]) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(holders) == 1
    leases.release("reading:x", "somebody else")
    assert Lease.objects.count() == 1
    leases.release("reading:x", holders[0])
    assert leases.take("reading:x", "next", 30)


@pytest.mark.django_db
def test_an_expired_lease_can_be_taken_by_another_owner():
    assert leases.take("k", "first", 10)
    assert not leases.take("k", "second", 10)
    with time_machine.travel(timezone.now() + timedelta(seconds=11)):
        assert leases.take("k", "second", 10)
