"""After an answer with Retry-After, nothing is sent with that token until the wait is over, whichever call got it."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection as database
from django.utils import timezone

from snapshots import connection
from snapshots.connection import TokenWaits, check_token, wait_until
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action, State
from snapshots.operations.reconciliation import read_and_reconcile
from snapshots.vault import service
from tests.support.desk import make_desk

METHODS = {Action.CREATE: "POST", Action.RESTORE: "POST", Action.DELETE: "DELETE"}
SNAPSHOTS, SERVERS, ACCOUNT = "/api/v1/snapshots/", "/api/v1/servers/", "/api/v1/account/me/"


def asked(http_sandbox, path: str = SNAPSHOTS) -> int:
    return http_sandbox.calls.count(("GET", path))


def in_seconds(seconds: float):
    return time_machine.travel(timezone.now() + timedelta(seconds=seconds))


def seconds_to(moment) -> float:
    return (moment - timezone.now()).total_seconds()


@pytest.mark.parametrize("action", list(Action))
def test_a_retry_after_answer_to_a_write_blocks_the_next_reads(far_desk, http_sandbox, action):
    view = far_desk.server()
    http_sandbox.misbehave("rate_limit", retry_after="120", method=METHODS[action])
    assert far_desk.operate(action, view).code == "rate_limited"
    before = asked(http_sandbox)
    for fresh in (False, True, False):
        reading = read_and_reconcile(far_desk.token, fresh=fresh)
        assert (reading.error, reading.is_stale) == ("rate_limited", True)
        assert 100 < seconds_to(reading.wait_until) <= 120
        assert reading.snapshots, "the last known list stays"
        assert reading.poll_seconds == 60
    assert asked(http_sandbox) == before
    with in_seconds(121):
        reading = read_and_reconcile(far_desk.token)
    assert (reading.error, reading.wait_until) == ("", None)


@pytest.mark.parametrize("action", list(Action))
def test_a_write_during_a_wait_is_refused_and_not_sent(far_desk, http_sandbox, action):
    view = far_desk.server()
    snapshot = far_desk.snapshot(view)
    confirmation = far_desk.confirm(action, view, None if action == Action.CREATE else snapshot)
    http_sandbox.misbehave("rate_limit", retry_after="120")
    assert read_and_reconcile(far_desk.token, fresh=True).error == "rate_limited"
    with pytest.raises(OperationRefusedError, match="told_to_wait"):
        far_desk.operate(action, view, confirmation=confirmation)
    assert [path for method, path in http_sandbox.calls if method != "GET"] == []


def test_a_write_that_passed_the_check_before_the_wait_began_is_not_sent_either(far_desk, http_sandbox):
    view = far_desk.server()
    client = connection.client_for(far_desk.token)
    TokenWaits(far_desk.token.fingerprint).remember(60, optional=False)
    with pytest.raises(connection.UpstreamError) as caught:
        client.create_snapshot(server_id=view.server_id, name="x")
    assert (caught.value.code, caught.value.effect, caught.value.status) == ("rate_limited", "none", None)
    assert http_sandbox.writes == []


def test_a_retry_after_answer_to_a_token_check_blocks_reads_and_further_checks(far_desk, http_sandbox):
    token = http_sandbox.sandbox.token
    http_sandbox.misbehave("rate_limit", retry_after="120")
    check = check_token(token)
    assert (check.code, round(seconds_to(check.wait_until), -1)) == ("rate_limited", 120)
    assert read_and_reconcile(far_desk.token).error == "rate_limited"
    assert check_token(token).wait_until == check.wait_until
    assert asked(http_sandbox) == 1


def test_a_stored_tokens_check_and_its_reads_share_their_waits_after_a_change_of_the_secret_key(
    far_desk, http_sandbox, settings
):
    settings.SECRET_KEY = "another-secret-key-0123456789-abcdefghijklmnopqrstuvwxyz"
    http_sandbox.misbehave("rate_limit", retry_after="120")
    assert service.check_stored(actor=far_desk.actor, stored=far_desk.token).code == "rate_limited"
    assert read_and_reconcile(far_desk.token).error == "rate_limited"
    assert asked(http_sandbox) == 1


def test_a_retry_after_answer_to_a_later_page_of_a_list_blocks_the_next_reads(far_desk, http_sandbox):
    http_sandbox.misbehave(
        "answer",
        body='{"results": [{"id": 1, "server": {"id": 7}}], "next": "?page=2"}',
        path_prefix=SNAPSHOTS,
    )
    http_sandbox.misbehave("rate_limit", retry_after="120", path_prefix=SNAPSHOTS)
    reading = read_and_reconcile(far_desk.token)
    assert [one.id for one in reading.snapshots] == [1]
    assert (reading.error, reading.cut_by, reading.is_stale) == ("rate_limited", "rate_limited", True)
    assert read_and_reconcile(far_desk.token, fresh=True).wait_until == reading.wait_until
    assert (asked(http_sandbox), asked(http_sandbox, SERVERS)) == (2, 0)


@pytest.mark.parametrize("status", [500, 503])
def test_retry_after_of_a_server_error_is_followed_without_a_retry(far_desk, http_sandbox, status):
    http_sandbox.misbehave("status", status=status, headers={"Retry-After": "120"}, times=0)
    reading = read_and_reconcile(far_desk.token)
    assert (reading.error, round(seconds_to(reading.wait_until), -1)) == ("server_fault", 120)
    assert read_and_reconcile(far_desk.token, fresh=True).error == "rate_limited"
    assert asked(http_sandbox) == 1


def test_a_wait_applies_to_everyone_with_the_token_and_nobody_else(far_desk, cast, http_sandbox):
    colleague = make_desk(cast.vera, http_sandbox.sandbox.token, "Vera's copy")
    stranger = make_desk(cast.vera, http_sandbox.sandbox.other_token, "another")
    http_sandbox.misbehave("rate_limit", retry_after="120")
    read_and_reconcile(far_desk.token)
    assert read_and_reconcile(colleague.token, fresh=True).error == "rate_limited"
    assert read_and_reconcile(stranger.token).error == ""


def test_a_shorter_wait_does_not_shorten_a_longer_one(far_desk):
    waits = TokenWaits(far_desk.token.fingerprint)
    waits.remember(120, optional=False)
    waits.remember(5, optional=False)
    assert 100 < seconds_to(wait_until(far_desk.token.fingerprint)) <= 120


def test_a_retry_after_answer_to_the_servers_list_is_followed_exactly_and_blocks_only_optional_calls(
    far_desk, http_sandbox
):
    known = read_and_reconcile(far_desk.token)
    http_sandbox.misbehave("rate_limit", retry_after="120", path_prefix=SERVERS)
    for seconds in (5, 8, 11, 14, 60, 118):
        with in_seconds(seconds):
            reading = read_and_reconcile(far_desk.token)
            assert (reading.error, reading.servers_are_fresh) == ("", False)
            assert (reading.servers, reading.servers_confirmed_at) == (known.servers, known.confirmed_at)
            assert reading.servers_wait_until is not None
    assert (asked(http_sandbox), asked(http_sandbox, SERVERS)) == (7, 2)
    with in_seconds(127):
        assert read_and_reconcile(far_desk.token).servers_are_fresh
    assert asked(http_sandbox, SERVERS) == 3


def test_a_retry_after_answer_to_the_account_blocks_only_optional_calls(far_desk, http_sandbox):
    http_sandbox.misbehave("rate_limit", retry_after="120", path_prefix=ACCOUNT)
    check = check_token(http_sandbox.sandbox.token)
    assert (check.ok, check.account, check.servers) == (True, None, None)
    assert read_and_reconcile(far_desk.token).error == ""
    assert (asked(http_sandbox, ACCOUNT), asked(http_sandbox, SERVERS)) == (1, 0)


def test_a_write_refused_with_429_is_failed_with_that_status(far_desk, http_sandbox):
    view = far_desk.server()
    http_sandbox.misbehave("rate_limit", retry_after="120", method="POST")
    operation = far_desk.create(view)
    assert (operation.state, operation.provider_status) == (State.FAILED, 429)


def test_without_a_cache_the_portal_works_and_stores_no_wait(far_desk):
    with database.cursor() as cursor:
        cursor.execute("ALTER TABLE cache RENAME TO cache_away")
    try:
        TokenWaits(far_desk.token.fingerprint).remember(120, optional=False)
        assert wait_until(far_desk.token.fingerprint) is None
        assert read_and_reconcile(far_desk.token).error == ""
    finally:
        with database.cursor() as cursor:
            cursor.execute("ALTER TABLE cache_away RENAME TO cache")
