"""Every answer body is parsed into typed objects or raises UnreadableError."""

import contextlib
import json
import threading

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snapshots.contract import Account, Created, Deleted, RestoreStarted, Server, Snapshot
from snapshots.upstream import errors, responses
from snapshots.upstream.client import SnapshotClient, make_http
from tests.support.deep import TIMES


class Stream(httpx.SyncByteStream):
    def __init__(self, body: bytes) -> None:
        self.body = body

    def __iter__(self):
        for start in range(0, len(self.body), 1000):
            yield self.body[start : start + 1000]


class Canned(httpx.BaseTransport):
    def __init__(self) -> None:
        self.status, self.body = 200, b""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(self.status, stream=Stream(self.body))


canned = Canned()
client = SnapshotClient(
    make_http("http://canned.invalid", transport=canned),
    "a-token-of-tests",
    timeout_seconds=5,
    gate=threading.BoundedSemaphore(1),
)

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
KEYS = """id server name status size_mb created_at description message next results
account token permissions plan os email detail error count"""
keys = st.sampled_from(KEYS.split())
likely = st.recursive(
    values | st.integers(1, 900) | st.just("2025-01-15T18:30:00Z") | st.just("9999-12-31T23:59:59-23:59"),
    lambda inner: st.dictionaries(keys, inner, max_size=8) | st.lists(inner, max_size=3),
    max_leaves=25,
)
snapshots = st.fixed_dictionaries(
    {"id": st.integers(1, 900), "server": st.fixed_dictionaries({"id": st.integers(1, 99)})},
    optional=dict.fromkeys(("name", "status", "size_mb", "created_at", "description", "message"), values),
)
lists = st.fixed_dictionaries(
    {"results": st.lists(snapshots | likely, max_size=4)}, optional={"next": values}
)
bodies = st.binary(max_size=300) | st.one_of(values, likely, lists, snapshots).map(
    lambda data: json.dumps(data).encode()
)


def calls():
    return (
        (client.list_snapshots, (), Snapshot),
        (client.list_servers, (), Server),
        (client.read_account, (), Account),
        (lambda: client.create_snapshot(server_id=1, name="n"), (201,), Created),
        (lambda: client.restore_snapshot(1), (200,), RestoreStarted),
        (lambda: client.delete_snapshot(1), (200,), Deleted),
    )


@settings(max_examples=60 * TIMES, deadline=None)
@given(body=bodies)
def test_any_success_answer_is_parsed_or_raises_unreadable_error(body):
    for call, status, kind in calls():
        canned.status, canned.body = (status or (200,))[0], body
        with contextlib.suppress(errors.UnreadableError, errors.ContradictoryError):
            found = call()
            for each in found if isinstance(found, tuple) else (found,):
                assert isinstance(each, kind)
                assert all(ord(mark) >= 32 or mark in "\t\n" for mark in str(getattr(each, "name", "")))


@settings(max_examples=60 * TIMES, deadline=None)
@given(body=bodies, status=st.integers(400, 999))
def test_any_refusal_has_a_clean_message(body, status):
    canned.status, canned.body = status, body
    with pytest.raises((errors.RefusedError, errors.ServerFaultError)) as caught:
        client.delete_snapshot(1)
    assert len(caught.value.message) <= 500
    assert not set(caught.value.message) & set("\x00\r\u202e")
    caught.value.message.encode()


@settings(max_examples=80 * TIMES, deadline=None)
@given(
    link=st.text(max_size=60)
    | st.text(max_size=20).map(lambda text: f"https://p.example/api/v1/snapshots/?{text}")
)
def test_any_link_stays_on_the_list_or_is_refused(link):
    with contextlib.suppress(errors.UnreadableError):
        params = responses.next_params("https://p.example/api/v1/snapshots/", link)
        assert all(isinstance(part, str) for pair in params for part in pair)


@given(value=st.text(max_size=40))
def test_any_retry_after_is_between_a_second_and_an_hour(value):
    assert 1 <= responses.retry_after_seconds(value) <= 3600


@pytest.mark.parametrize(
    "link", ["?p=\\ud800", "?p=\\u0000", "?p=\\n\\r", "?p=%ff%00", "?" + "x" * 70_000, "?p=%zz#there"]
)
def test_query_with_special_characters_is_sent_encoded_or_refused(link):
    canned.status, canned.body = 200, b'{"results": [], "next": "' + link.encode() + b'"}'
    with pytest.raises(errors.UnreadableError):
        client.list_snapshots()


def test_links_on_the_list_keep_their_query():
    url = "https://p.example/api/v1/snapshots/?server_id=5"
    link = "https://p.example:443/api/v1/snapshots/?server_id=5&page=2"
    assert responses.next_params(url, link) == [("server_id", "5"), ("page", "2")]
