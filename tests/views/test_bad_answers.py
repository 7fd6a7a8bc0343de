"""Arbitrary answers of the provider: parsed or reported as unreadable, and shown only as text."""

import json
import re
from types import SimpleNamespace

import httpx
import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from snapshots import contract
from snapshots.audit.models import Entry
from snapshots.operations.confirmation import sign_confirmation
from snapshots.operations.models import Action, Operation, State
from snapshots.operations.reconciliation import read_and_reconcile
from snapshots.upstream import parsing, responses, write_answers
from snapshots.upstream.errors import UpstreamError
from tests.support import hostile
from tests.support.desk import make_desk
from tests.support.hostile import any_text, check, header_text

CONTROLS = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069\\ud800-\\udfff]"
)

json_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, 1, -1, 2**31, 2**53, 2**63 - 1, 2**63, 10**400, 1e308, 0.5, -0.0]),
    st.floats(allow_nan=True, allow_infinity=True),
    any_text,
)
json_values = st.recursive(
    json_scalars, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(any_text, inner, max_size=3)), max_leaves=6
)  # fmt: skip
times = st.one_of(
    st.sampled_from(["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"]),
    json_values,
    st.sampled_from(
        ["2026-11-24T17:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59",
         "2026-11-24T17:00:00+99:99", "2026-13-40T00:00:00Z", "1969-12-31", "2026-W01-1", "24:00"]
    ),
)  # fmt: skip
statuses = st.one_of(
    st.just("in_progress"),
    st.sampled_from(["completed", "in_progress", "failed", "deleting", "restoring", "active", "stopped"]),
    json_values,
)
provider_ids = st.one_of(st.integers(1, 40), json_values)


def near(**keys: st.SearchStrategy) -> st.SearchStrategy:
    """An object similar to the contract: each key optional, with additional keys."""
    return st.builds(
        lambda known, more: more | known,
        st.fixed_dictionaries({}, optional=keys),
        st.dictionaries(any_text, json_values, max_size=1),
    )


server_refs = st.one_of(
    near(id=provider_ids, name=json_values),
    st.builds(lambda one: {"id": one}, st.integers(1, 9)),
    json_values,
)
snapshot_items = near(
    id=provider_ids, server=server_refs, name=json_values, status=statuses, size_mb=json_values, created_at=times,
    description=json_values, message=json_values,
)  # fmt: skip
shown_names = st.one_of(st.sampled_from(hostile.MARKUP), json_values)
good_snapshots = st.fixed_dictionaries(
    {
        "id": st.one_of(st.integers(1, 9), st.integers(1, 2**63 - 1)),
        "server": st.fixed_dictionaries({"id": st.integers(1, 9), "name": shown_names}),
        "status": statuses,
        "created_at": times,
        "name": shown_names,
    },
    optional={"size_mb": json_values, "description": json_values},
)
server_items = near(
    id=provider_ids, name=json_values, hostname=json_values, status=statuses, ip_address=json_values, location=json_values,
    plan=json_values, os=near(name=json_values),
)  # fmt: skip
good_servers = st.builds(lambda item, one: item | {"id": one}, server_items, st.integers(1, 9))
people = near(email=json_values, first_name=json_values, last_name=json_values, company_name=json_values)
accounts = near(
    account=st.one_of(people, json_values),
    token=st.one_of(near(name=json_values, permissions=json_values), json_values),
)
errors = st.one_of(near(detail=json_values, error=json_values, message=json_values), json_values)


def lists_of(items: st.SearchStrategy) -> st.SearchStrategy:
    return near(
        results=st.one_of(st.lists(items, max_size=4), json_values), next=json_values, count=json_values
    )


def to_body(value: object) -> bytes:
    """The value as JSON, including NaN and lone surrogates, which Python writes although JSON forbids them."""
    return json.dumps(value).encode()


bodies = st.one_of(
    st.one_of(lists_of(snapshot_items), snapshot_items, server_items, accounts, errors).map(to_body),
    st.binary(max_size=30),
    st.sampled_from(
        [b"", b"{", b"null", b'{"results":', b"\xff\xfe", b'{"id":' + b"9" * 5000 + b"}", b'{"id": 1e999}']
    ),
    st.integers(1, 1400).map(lambda depth: b'{"results":' + b"[" * depth + b"]" * depth + b"}"),
    st.integers(700, 1100).map(lambda depth: b'{"detail":{"a":' + b"[" * depth + b"1" + b"]" * depth + b"}}"),
    st.integers(700, 1100).map(
        lambda depth: b'{"id":1,"server":{"id":1},"name":' + b"[" * depth + b"]" * depth + b"}"
    ),
    st.integers(700, 1100).map(lambda depth: b'{"a":' * depth + b"1" + b"}" * depth),
)


def texts_in(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, tuple):
        return [text for one in value for text in texts_in(one)]
    return texts_in(tuple(getattr(value, name) for name in getattr(value, "__struct_fields__", ())))


@hostile.hostile(1400)
@given(body=bodies)
def test_any_answer_is_parsed_or_reported_as_unreadable(body):
    writes = (write_answers.to_created, write_answers.to_restore_started, write_answers.to_deleted)
    readers = (*writes, lambda body: write_answers.to_deleted(body, 200), parsing.to_account)
    for reader in (*readers, lambda body: tuple(map(parsing.to_snapshot, parsing.read_page(body).items))):
        try:
            value = reader(body)
        except contract.UnreadableAnswerError:
            continue
        for text in texts_in(value):
            text.encode()
            assert not CONTROLS.search(text)
    parsing.error_text(body).encode()


def test_an_answer_of_any_nesting_depth_is_parsed_or_reported_as_unreadable():
    """Deeply nested values are turned into text only where parsing exceeds the recursion limit."""
    for depth in range(300, 1100):
        deep = b"[" * depth + b"]" * depth
        parsing.error_text(b'{"detail":{"a":' + deep + b"}}")
        try:
            item = contract.read_json(b'{"id":1,"server":{"id":1},"name":' + deep + b"}")
        except contract.UnreadableAnswerError:
            continue
        assert parsing.to_snapshot(item).name == ""


@hostile.hostile(1000)
@given(status=st.integers(100, 999), body=bodies, retry_after=header_text, link=any_text)
def test_any_failure_becomes_an_error_of_the_client(status, body, retry_after, link):
    assert isinstance(responses.failure_of(status, {"retry-after": retry_after}, body), UpstreamError)
    try:
        responses.next_params("https://admin.vps.org/api/v1/snapshots/", link)
    except UpstreamError as error:
        str(error).encode()


@pytest.fixture
def mia(cast, strict) -> SimpleNamespace:
    """Mia's browser, and a token that only the double accepts."""
    browser = Client()
    browser.force_login(cast.mia)
    token = make_desk(cast.mia, "a-token-of-nobody").token
    return SimpleNamespace(user=cast.mia, browser=browser, token=token)


def results_of(items: st.SearchStrategy, least: int = 0) -> st.SearchStrategy:
    return st.builds(lambda found: {"results": found}, st.lists(items, min_size=least, max_size=4))


snapshot_lists = st.one_of(results_of(good_snapshots, 1), lists_of(snapshot_items))
server_lists = st.one_of(results_of(good_servers), lists_of(server_items))


@hostile.hostile(60)
@given(
    snapshots=snapshot_lists,
    servers=server_lists,
    account=accounts,
    page=st.sampled_from(["/", "/?sort=-created", "/?q=a&sort=-size", "/tokens/"]),
    then=st.sampled_from(["server_detail", "server_status", "snapshot_restore", "snapshot_delete"]),
)
def test_any_list_of_the_provider_is_shown_as_text(mia, double, snapshots, servers, account, page, then):
    said = {
        contract.SNAPSHOTS_PATH: snapshots,
        contract.SERVERS_PATH: servers,
        contract.ACCOUNT_PATH: account,
    }
    double.answer = lambda request: httpx.Response(200, content=to_body(said[request.url.path]))
    cache.clear()
    if page == "/tokens/":
        check(mia.browser.post(reverse("token_check", args=[mia.token.pk])))
    check(mia.browser.get(page))
    for snapshot in read_and_reconcile(mia.token).snapshots[:1]:
        number = snapshot.server.id if then.startswith("server") else snapshot.id
        path = reverse(then, args=[mia.token.pk, number])
        check(mia.browser.get(f"{path}?moving=s{snapshot.id},s7", headers={"HX-Request": "true"}), path)


SERVER = {"id": 7, "name": "web"}
SNAPSHOT = {
    "id": 70,
    "server": SERVER,
    "name": "old",
    "status": "completed",
    "size_mb": 5,
    "created_at": "2026-01-01T00:00:00Z",
}


@hostile.hostile(60)
@given(
    action=st.sampled_from(Action),
    status=st.sampled_from([200, 201, 202, 204, 400, 401, 403, 404, 409, 429, 500, 502, 302]),
    said=st.one_of(
        snapshot_items, errors, good_snapshots, near(server=near(status=json_values), message=json_values)
    ).map(to_body)
    | bodies,
)
def test_any_answer_to_a_write_is_shown_as_text(mia, double, action, status, said):
    listed = {"results": [SNAPSHOT]}

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json=listed)
        return httpx.Response(status, content=said)

    double.answer = answer
    cache.clear()  # a wait from an earlier 429
    Operation.objects.update(state=State.FAILED)  # so that no open operation holds the server or the snapshot
    snapshot = parsing.to_snapshot(SNAPSHOT)
    confirmation = sign_confirmation(
        actor_id=mia.user.pk, action=action, token_id=mia.token.pk, server_id=7,
        snapshot=None if action == Action.CREATE else snapshot,
    )  # fmt: skip
    name = f"snapshot_{action.partition('.')[2]}"
    url = reverse(name, args=[mia.token.pk, 7 if action == Action.CREATE else 70])
    fields = {
        "name": "new",
        "typed_name": "web",
        "reason": "r",
        "understood": "on",
        "confirmation": confirmation,
    }
    sent = mia.browser.post(url, fields)
    assert sent.status_code == 302, "it was not sent"
    check(mia.browser.get(sent["Location"]))
    check(mia.browser.get("/"))
    operation = Operation.objects.latest("created_at")
    for entry in Entry.objects.filter(operation_id=operation.pk):
        for text in (entry.provider_message, entry.evidence, entry.snapshot_name):
            assert not CONTROLS.search(text)
