"""The servers list is optional: when it fails, it neither delays the snapshots nor is it requested again and again."""

import json
import time
from datetime import timedelta
from itertools import pairwise

import pytest
import time_machine
from django.utils import timezone

from snapshots import connection
from snapshots.inventory import optional_servers
from snapshots.operations.reconciliation import read_and_reconcile
from tests.support.pages import text_of

SNAPSHOTS, SERVERS = "/api/v1/snapshots/", "/api/v1/servers/"


def asked(http_sandbox, path: str = SERVERS) -> int:
    return http_sandbox.calls.count(("GET", path))


def in_seconds(seconds: float):
    return time_machine.travel(timezone.now() + timedelta(seconds=seconds))


@pytest.fixture
def patient_desk(far_desk, settings, monkeypatch):
    """A required call may take 20 seconds, an optional one 0.3."""
    settings.SNAPPORTAL_API_TIMEOUT_SECONDS = 20.0
    monkeypatch.setattr(optional_servers, "OPTIONAL_SECONDS", 0.3)
    return far_desk


@pytest.mark.alone
def test_a_hung_servers_list_delays_one_page_briefly_and_the_next_pages_not_at_all(
    patient_desk, http_sandbox, signed_in
):
    http_sandbox.misbehave("hang_before", seconds=30, times=0, path_prefix=SERVERS)
    browser = signed_in(patient_desk.user)
    began = time.monotonic()
    text = text_of(browser.get("/"))
    assert time.monotonic() - began < 10, "the page waited for a whole deadline"
    assert "web-server-01" in text
    for _ in range(5):
        read_and_reconcile(patient_desk.token, fresh=True)
    assert (asked(http_sandbox, SNAPSHOTS), asked(http_sandbox)) == (6, 1)


def test_a_page_reads_the_snapshots_first(far_desk, http_sandbox):
    read_and_reconcile(far_desk.token)
    assert http_sandbox.calls == [("GET", SNAPSHOTS), ("GET", SERVERS)]


GROWING = [4, 8, 16, 32, 60]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"mode": "hang_before", "seconds": 30}, [120]),
        ({"mode": "status", "status": 500}, GROWING),
        ({"mode": "garbage", "work": False}, GROWING),
        ({"mode": "answer", "body": '{"results": [{"id": 1}], "next": "/elsewhere/"}'}, GROWING),
    ],
)
def test_the_pause_after_a_fault_grows_is_long_after_a_hang_and_the_list_recovers(
    patient_desk, http_sandbox, fault, expected
):
    http_sandbox.misbehave(**fault, times=0, path_prefix=SERVERS)
    moment = timezone.now()
    asked_at = []
    for second in range(0, 140, 2):
        with time_machine.travel(moment + timedelta(seconds=second), tick=False):
            before = asked(http_sandbox)
            assert read_and_reconcile(patient_desk.token, fresh=True).error == ""
            if asked(http_sandbox) > before:
                asked_at.append(second)
    pauses = [later - earlier for earlier, later in pairwise(asked_at)]
    assert pauses == expected
    http_sandbox.behave()
    with time_machine.travel(moment + timedelta(seconds=300)):
        reading = read_and_reconcile(patient_desk.token, fresh=True)
    assert (reading.servers_are_fresh, reading.servers_error, len(reading.servers)) == (True, "", 6)


def test_the_last_known_servers_stay_and_the_page_shows_their_age(far_desk, http_sandbox, signed_in):
    browser = signed_in(far_desk.user)
    assert "could not be read" not in text_of(browser.get("/"))
    http_sandbox.misbehave("status", status=500, times=0, path_prefix=SERVERS)
    with in_seconds(300):
        text = text_of(browser.get("/"))
        detail = text_of(browser.get(f"/servers/{far_desk.token.pk}/{far_desk.server().server_id}/"))
    assert "vpn-gateway" in text, "a server without snapshots is known from before"
    for page in (text, detail):
        assert "The list of servers could not be read: their status was last confirmed 5 minutes ago" in page
    assert "This list has not been confirmed" not in text


def test_a_servers_list_that_was_never_read_is_not_called_hidden(far_desk, http_sandbox, signed_in):
    http_sandbox.misbehave("rate_limit", retry_after="120", path_prefix=SERVERS)
    text = text_of(signed_in(far_desk.user).get("/"))
    assert "servers without a snapshot are missing here" in text
    assert "VPS.org asked us to wait until" in text
    assert "This token may not list servers" not in text


def test_a_hidden_servers_list_is_called_hidden(far_desk, http_sandbox, signed_in):
    http_sandbox.misbehave("status", status=403, times=0, path_prefix=SERVERS)
    text = text_of(signed_in(far_desk.user).get("/"))
    assert "This token may not list servers" in text
    assert "could not be read" not in text


@pytest.mark.parametrize("status", [500, 403])
def test_a_server_has_a_page_if_it_may_exist(far_desk, http_sandbox, signed_in, status):
    """While the servers list cannot be read, it is uncertain whether a server without snapshots still exists."""
    http_sandbox.misbehave("status", status=status, times=0, path_prefix=SERVERS)
    vpn = http_sandbox.sandbox.servers["vpn-gateway"].pk
    browser = signed_in(far_desk.user)
    assert browser.get(f"/servers/{far_desk.token.pk}/{vpn}/").status_code == (200 if status == 500 else 404)


def test_an_incomplete_servers_list_shows_what_was_read_and_says_so(far_desk, http_sandbox, signed_in):
    vpn = http_sandbox.sandbox.servers["vpn-gateway"]
    item = {"id": vpn.pk, "name": vpn.name, "status": "active"}
    first = json.dumps({"results": [item], "next": "?page=2"})
    http_sandbox.misbehave("answer", body=first, path_prefix=SERVERS)
    http_sandbox.misbehave("status", status=500, times=0, path_prefix=SERVERS)
    text = text_of(signed_in(far_desk.user).get("/"))
    assert "The list of servers is not complete" in text
    assert "vpn-gateway" in text
    assert "web-server-01" in text
    reading = read_and_reconcile(far_desk.token)
    assert (reading.servers_are_fresh, reading.servers_cut_by) == (True, "server_fault")
    assert reading.may_lack_servers


@pytest.mark.alone
def test_a_token_check_is_not_delayed_by_optional_endpoints(patient_desk, http_sandbox, monkeypatch):
    monkeypatch.setattr(connection, "OPTIONAL_SECONDS", 0.3)
    for path in (SERVERS, "/api/v1/account/"):
        http_sandbox.misbehave("hang_before", seconds=30, times=0, path_prefix=path)
    began = time.monotonic()
    check = connection.check_token(http_sandbox.sandbox.token)
    assert time.monotonic() - began < 10
    assert (check.ok, check.account, check.servers) == (True, None, None)
