"""Reads are retried within their deadline; links to next pages are followed only on the provider's list."""

import json
import time
from email.utils import formatdate

import pytest

from snapshots.contract import SNAPSHOTS_PATH
from snapshots.upstream import call, errors, responses
from tests.support.provider import HttpSandbox, make_client

TOKEN = "canary-token-3f8a61c2"


def item(number, server_id=7):
    return {
        "id": number,
        "server": {"id": server_id, "name": "web"},
        "name": f"n{number}",
        "status": "completed",
    }


def page(*numbers, following=None):
    return json.dumps({"count": 9, "next": following, "results": [item(number) for number in numbers]})


@pytest.fixture
def client(wire, monkeypatch):
    monkeypatch.setattr(call, "RETRY_PAUSES_SECONDS", (0.01, 0.02))
    return make_client(TOKEN, wire.url, timeout_seconds=1)


def ids(snapshots):
    return [snapshot.id for snapshot in snapshots]


@pytest.mark.parametrize(
    "trouble",
    [
        {"mode": "status", "status": 502},
        {"mode": "status", "status": 503},
        {"mode": "status", "status": 504},
        {"mode": "reset_before"},
        {"mode": "raw", "body": ""},
    ],
)
def test_read_is_retried_twice(wire, client, trouble):
    wire.misbehave(**trouble, times=2)
    wire.misbehave("answer", body=page(1))
    assert ids(client.list_snapshots()) == [1]
    assert len(wire.calls) == 3


def test_read_fails_after_the_third_attempt(wire, client):
    wire.misbehave("status", status=503, times=0)
    with pytest.raises(errors.ServerFaultError):
        client.list_snapshots()
    assert len(wire.calls) == 3


@pytest.mark.parametrize(
    "trouble",
    [
        {"mode": "status", "status": 500},
        {"mode": "garbage", "work": False},
        {"mode": "rate_limit"},
        {"mode": "answer", "status": 404},
        {"mode": "redirect", "status": 302},
    ],
)
def test_read_is_not_retried_after_a_permanent_failure(wire, client, trouble):
    wire.misbehave(**trouble, times=0)
    with pytest.raises(errors.UpstreamError):
        client.list_snapshots()
    assert len(wire.calls) == 1


@pytest.mark.alone
def test_retries_stay_within_the_deadline(wire):
    client = make_client(TOKEN, wire.url, timeout_seconds=0.3)
    wire.misbehave("latency", work=False, status=503, seconds=0.2, times=0)
    began = time.monotonic()
    with pytest.raises(errors.UpstreamError):
        client.list_snapshots()
    assert time.monotonic() - began < 0.6


@pytest.mark.parametrize("link", ["{url}{path}?page=2", "{path}?page=2", "?page=2"])
def test_a_provider_under_a_path_of_a_gateway_is_called_under_that_path(wire, link):
    path = f"/vps{SNAPSHOTS_PATH}"
    client = make_client(TOKEN, f"{wire.url}/vps")
    wire.misbehave("answer", body=page(1, 2, following=link.format(url=wire.url, path=path)))
    wire.misbehave("answer", body=page(3))
    assert ids(client.list_snapshots()) == [1, 2, 3]
    assert wire.calls == [("GET", path)] * 2


@pytest.mark.parametrize("link", ["{url}{path}?page=2", "{path}?page=2", "?page=2"])
def test_next_page_is_followed(wire, client, link):
    wire.misbehave("answer", body=page(1, 2, following=link.format(url=wire.url, path=SNAPSHOTS_PATH)))
    wire.misbehave("answer", body=page(3))
    assert ids(client.list_snapshots()) == [1, 2, 3]
    assert wire.calls == [("GET", SNAPSHOTS_PATH)] * 2


@pytest.mark.parametrize(
    "link",
    [
        "https://elsewhere.invalid/api/v1/snapshots/?page=2",
        "//elsewhere.invalid/api/v1/snapshots/?page=2",
        "{https}/api/v1/snapshots/?page=2",
        "http://127.0.0.1:1/api/v1/snapshots/?page=2",
        "{url}/api/v1/servers/?page=2",
        "{url}/api/v1/snapshots/801/?page=2",
        "{url}/api/v1/snapshots/../servers/?page=2",
        "http://name:word@{host}/api/v1/snapshots/?page=2",
        "http://{host}@elsewhere.invalid/api/v1/snapshots/?page=2",
        "http://127.0.0.1\\@elsewhere.invalid/api/v1/snapshots/?page=2",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://[broken/",
        "http://127.0.0.1:99999/api/v1/snapshots/?page=2",
        "?" + "&".join(f"k{number}=1" for number in range(80)),
    ],
)
def test_next_page_with_another_url_is_refused_and_gets_no_token(wire, client, link):
    text = link.replace("{url}", wire.url).replace("{https}", wire.url.replace("http:", "https:"))
    wire.misbehave("answer", body=page(1, following=text.replace("{host}", wire.url.removeprefix("http://"))))
    with pytest.raises(errors.UnreadableError):
        client.list_snapshots()
    assert len(wire.calls) == 1


def test_list_whose_links_form_a_cycle_is_refused(wire, client):
    wire.misbehave("answer", body=page(1, following="?page=2"), times=0)
    with pytest.raises(errors.UnreadableError):
        client.list_snapshots()
    assert len(wire.calls) == 2


def test_pages_share_one_size_limit(wire, client):
    padding = "x" * 2_500_000
    for number in (1, 2):
        body = {"results": [item(number)], "next": f"?page={number + 1}", "padding": padding}
        wire.misbehave("answer", body=json.dumps(body))
    with pytest.raises(errors.UnreadableError, match="too large"):
        client.list_snapshots()


@pytest.mark.alone
def test_pages_share_one_deadline(wire):
    client = make_client(TOKEN, wire.url, timeout_seconds=0.4)
    for number in range(20):
        following = f"?page={number + 2}"
        wire.misbehave("latency", work=False, seconds=0.1, body=page(number + 1, following=following))
    began = time.monotonic()
    with pytest.raises(errors.DeadlineError):
        client.list_snapshots()
    assert time.monotonic() - began < 0.8


def test_of_two_items_with_one_id_the_first_is_used(wire, client):
    first, second = item(1), {**item(1), "name": "other"}
    wire.misbehave("answer", body=json.dumps({"results": [first, second, item(2)]}))
    assert [snapshot.name for snapshot in client.list_snapshots()] == ["n1", "n2"]


def test_snapshots_of_other_servers_are_left_out_when_the_provider_ignores_the_filter(wire, client):
    wire.misbehave("answer", body=json.dumps({"results": [item(1, 7), item(2, 8)]}))
    assert ids(client.list_snapshots(8)) == [2]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        ("0", 1),
        ("99999999999999999", 3600),
        ("-5", 30),
        ("", 30),
        ("soon", 30),
        ("1.5", 30),
        ("٣", 30),
    ],
)
def test_retry_after_in_seconds_is_honoured_within_bounds(wire, client, value, seconds):
    wire.misbehave("rate_limit", retry_after="" if value == "٣" else value)
    with pytest.raises(errors.RateLimitedError) as caught:
        client.list_snapshots()
    assert caught.value.retry_after_seconds == seconds
    assert responses.retry_after_seconds(value) == seconds


@pytest.mark.parametrize(("ahead", "least", "most"), [(90, 80, 91), (-500, 1, 1), (10**6, 3600, 3600)])
def test_retry_after_as_a_date_is_honoured_within_bounds(wire, client, ahead, least, most):
    wire.misbehave("rate_limit", retry_after=formatdate(time.time() + ahead, usegmt=True))
    with pytest.raises(errors.RateLimitedError) as caught:
        client.delete_snapshot(7)
    assert least <= caught.value.retry_after_seconds <= most
    assert caught.value.effect == "none"


def test_lists_of_a_paging_provider_are_read_completely(http_sandbox):
    whole = ids(make_client(http_sandbox.sandbox.token, http_sandbox.url).list_snapshots())
    paging = HttpSandbox(http_sandbox.sandbox, page_size=4)
    try:
        client = make_client(http_sandbox.sandbox.token, paging.url)
        assert ids(client.list_snapshots()) == whole
        assert len(paging.calls) > 2
        assert len(client.list_servers()) == 6
    finally:
        paging.close()
