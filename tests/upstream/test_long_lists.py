"""Only time and size end a list early. The items read before are returned, marked as incomplete."""

import json

import pytest

from snapshots.upstream import errors
from tests.support.provider import make_client

TOKEN = "canary-token-3f8a61c2"


def page(*numbers, following=None, count=None, **more):
    items = [{"id": number, "server": {"id": 7}, "status": "completed"} for number in numbers]
    return json.dumps({"count": count, "next": following, "results": items, **more})


@pytest.fixture
def client(wire):
    return make_client(TOKEN, wire.url, timeout_seconds=5)


def ids(listed):
    return [snapshot.id for snapshot in listed.snapshots]


def test_a_list_in_a_hundred_pages_is_read_completely(wire):
    client = make_client(TOKEN, wire.url, timeout_seconds=60)
    for number in range(1, 101):
        following = f"?page={number + 1}" if number < 100 else None
        wire.misbehave("answer", body=page(number, following=following, count=100))
    listed = client.read_snapshots()
    assert ids(listed) == list(range(1, 101))
    assert (listed.is_whole, listed.cut_by) == (True, "")


def test_items_read_before_the_deadline_are_returned(wire):
    client = make_client(TOKEN, wire.url, timeout_seconds=0.5)
    wire.misbehave("answer", body=page(1, following="?page=2", count=2))
    wire.misbehave("hang_before", seconds=5)
    listed = client.read_snapshots()
    assert (ids(listed), listed.is_whole, listed.cut_by) == ([1], False, "deadline")


def test_items_read_before_the_size_limit_are_returned(wire, client):
    wire.misbehave("answer", body=page(1, following="?page=2"))
    wire.misbehave("answer", body=page(2, padding="x" * 5_000_000))
    listed = client.read_snapshots()
    assert (ids(listed), listed.is_whole, listed.cut_by) == ([1], False, "too_large")


@pytest.mark.parametrize(
    ("second", "code"),
    [
        ({"mode": "status", "status": 500}, "server_fault"),
        ({"mode": "status", "status": 404}, "not_found"),
        ({"mode": "rate_limit"}, "rate_limited"),
        ({"mode": "garbage", "work": False}, "unreadable"),
        ({"mode": "answer", "body": page(2, following="?page=2")}, "unreadable"),
        ({"mode": "answer", "body": page(2, 0)}, "unreadable"),
        ({"mode": "answer", "body": page(2, following="https://elsewhere.invalid/?page=3")}, "unreadable"),
    ],
)
def test_after_a_fault_of_a_later_page_the_earlier_pages_are_returned(wire, client, second, code):
    """Even if the provider's count equals the number of items read: the link shows that there is more."""
    wire.misbehave("answer", body=page(1, following="?page=2", count=1))
    wire.misbehave(**second)
    listed = client.read_snapshots()
    assert ids(listed)[:1] == [1]
    assert (listed.is_whole, listed.cut_by) == (False, code)
    assert len(wire.calls) == 2


@pytest.mark.parametrize("mode", ["list_snapshots", "list_servers"])
def test_list_methods_raise_the_error_of_an_incomplete_list(wire, client, mode):
    wire.misbehave("answer", body=page(1, following="?page=2"))
    wire.misbehave("status", status=500)
    with pytest.raises(errors.ServerFaultError):
        getattr(client, mode)()


def test_servers_read_before_a_fault_are_returned_too(wire, client):
    wire.misbehave("answer", body=page(1, following="?page=2"))
    wire.misbehave("status", status=500)
    found = client.read_servers()
    assert ([one.id for one in found.items], found.is_whole, found.cut_by) == ([1], False, "server_fault")


def test_a_fault_of_the_first_page_raises_the_error(wire, client):
    wire.misbehave("status", status=500)
    with pytest.raises(errors.ServerFaultError):
        client.read_snapshots()


def test_links_after_a_page_without_new_items_are_not_followed(wire, client):
    wire.misbehave("answer", body=page(1, following="?page=2"))
    for number in range(2, 30):
        wire.misbehave("answer", body=page(1, following=f"?page={number + 1}"))
    listed = client.read_snapshots()
    assert (ids(listed), listed.cut_by) == ([1], "unreadable")
    assert len(wire.calls) == 2


@pytest.mark.parametrize(
    ("count", "whole", "cut_by"), [(2, True, ""), (3, False, "count"), (1, False, ""), (None, False, "")]
)
def test_the_providers_own_count_tells_whether_snapshots_are_missing(wire, client, count, whole, cut_by):
    wire.misbehave("answer", body=page(1, 2, count=count))
    listed = client.read_snapshots()
    assert (listed.is_whole, listed.cut_by) == (whole, cut_by)


def test_the_count_of_the_last_page_is_used_when_a_snapshot_was_deleted_meanwhile(wire, client):
    wire.misbehave("answer", body=page(1, 2, count=4, following="?page=2"))
    wire.misbehave("answer", body=page(3, count=3))
    listed = client.read_snapshots()
    assert (listed.is_whole, listed.cut_by) == (False, "")
