"""An incomplete list is shown and marked, and nothing is concluded from what is missing in it."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from django.core.cache import cache
from django.urls import reverse

from snapshots.audit.models import Entry
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action, Operation, State
from snapshots.operations.reconciliation import read_and_reconcile
from snapshots.vault.models import StoredToken
from tests.support.desk import make_desk
from tests.support.pages import POLLING, confirm, text_of

pytestmark = pytest.mark.django_db
WEB, DB, IDLE = (7, "web"), (8, "db"), (9, "idle")


def snapshot(number: int, server: tuple[int, str], name: str = "", **more) -> dict:
    server_id, server_name = server
    return {
        "id": number,
        "server": {"id": server_id, "name": server_name},
        "name": name or f"n{number}",
        "status": "completed",
        "size_mb": 5,
        "created_at": f"{datetime.now(UTC) - timedelta(days=3):%Y-%m-%dT%H:%M:%SZ}",
        **more,
    }


class Provider:
    """Two pages of snapshots; while `is_cut`, the second is a server error. `on_write` answers writes."""

    def __init__(self, double) -> None:
        self.first = [snapshot(1, WEB)]
        self.second = [snapshot(2, WEB), snapshot(3, DB)]
        self.servers = [WEB, DB, IDLE]
        self.is_cut = True
        self.on_write = httpx.Response(500)
        self.writes: list[str] = []
        double.answer = self._answer

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.method != "GET":
            self.writes.append(request.method)
            return self.on_write
        if "/servers/" in request.url.path:
            items = [{"id": one, "name": name, "status": "active"} for one, name in self.servers]
            return httpx.Response(200, content=json.dumps({"results": items}).encode())
        if request.url.params.get("page") != "2":
            return self._page(self.first, "?page=2")
        return httpx.Response(500) if self.is_cut else self._page(self.second, None)

    def _page(self, items: list[dict], following: str | None) -> httpx.Response:
        count = len(self.first) + len(self.second)
        body = {"results": items, "next": following, "count": count}
        return httpx.Response(200, content=json.dumps(body).encode())


@pytest.fixture
def provider(double) -> Provider:
    cache.clear()
    return Provider(double)


@pytest.fixture
def mia(cast):
    return make_desk(cast.mia, "a-token-of-nobody")


@pytest.fixture
def browser(mia, signed_in, provider):
    return signed_in(mia.user)


def url(mia, name: str, number: int) -> str:
    return reverse(name, args=[mia.token.pk, number])


MARK = "This list is not complete"


def test_an_incomplete_list_is_shown_marked_and_retried(browser, provider):
    response = browser.get("/")
    text = text_of(response)
    assert MARK in text
    assert "n1" in text and "n2" not in text
    assert POLLING.search(response.text)
    provider.is_cut = False
    cache.clear()
    response = browser.get("/")
    assert MARK not in text_of(response) and "n2" in text_of(response)
    assert not POLLING.search(response.text)


def test_a_quota_is_a_lower_bound(browser, mia):
    text = text_of(browser.get("/"))
    assert "at least 1 of 5 snapshots" in text
    assert "at least 0 of 5 snapshots" in text
    text = text_of(browser.get(url(mia, "snapshot_create", 7)))
    assert "At least 1 of 5 snapshot slots are used" in text


def test_an_incomplete_list_never_says_that_a_server_has_no_snapshots(browser, provider, mia):
    for page in ("/", url(mia, "server_detail", 8)):
        text = text_of(browser.get(page))
        assert "No snapshots yet" not in text
        assert "No snapshot of this server is in the part of the list that could be read" in text
    provider.is_cut = False
    cache.clear()
    assert "No snapshots yet" in text_of(browser.get("/"))


def test_the_servers_page_and_fragment_mark_an_incomplete_list_too(browser, mia):
    for name in ("server_detail", "server_status"):
        assert MARK in text_of(browser.get(url(mia, name, 7)))


def test_actions_are_possible_on_the_snapshots_that_were_read(browser, provider, mia):
    provider.on_write = httpx.Response(204)
    answer = confirm(browser, url(mia, "snapshot_delete", 1), understood="on")
    assert answer.status_code == 302
    assert provider.writes == ["DELETE"]


def test_a_full_server_is_full_even_in_an_incomplete_list(browser, provider, mia):
    provider.first = [snapshot(number, WEB) for number in range(10, 15)]
    assert "5 of 5 snapshots" in text_of(browser.get("/"))
    assert "at least 5" not in text_of(browser.get("/"))
    with pytest.raises(OperationRefusedError, match="limit_reached"):
        mia.create(mia.server("web"))
    assert provider.writes == []


def test_where_free_slots_are_not_known_the_provider_decides(provider, mia):
    provider.on_write = httpx.Response(400, content=b'{"detail": "Snapshot limit reached"}')
    assert mia.create(mia.server("web")).state == State.FAILED
    assert provider.writes == ["POST"]


def test_a_snapshot_is_the_only_one_only_in_a_complete_list(browser, provider, mia):
    only = "only snapshot of this server"
    assert only not in text_of(browser.get(url(mia, "snapshot_delete", 1)))
    provider.is_cut, provider.second = False, []
    cache.clear()
    assert only in text_of(browser.get(url(mia, "snapshot_delete", 1)))


def test_a_safety_snapshot_is_offered_only_where_a_complete_list_shows_the_room(browser, provider, mia):
    page = text_of(browser.get(url(mia, "snapshot_restore", 1)))
    assert "it is not known whether there is room" in page
    assert "Take a snapshot of the present state first" not in page
    provider.is_cut = False
    cache.clear()
    assert "Take a snapshot of the present state first" in text_of(
        browser.get(url(mia, "snapshot_restore", 1))
    )


@pytest.mark.parametrize("name", ["snapshot_restore", "snapshot_delete"])
def test_a_snapshot_that_was_not_read_is_not_called_gone(browser, provider, mia, name):
    response = browser.get(url(mia, name, 2))
    assert response.status_code == 503
    assert "could not be read to its end" in text_of(response)
    assert "no longer there" not in text_of(response)
    provider.is_cut = False
    cache.clear()
    assert browser.get(url(mia, name, 2)).status_code == 200
    assert browser.get(url(mia, name, 99)).status_code == 404


@pytest.mark.parametrize("action", [Action.RESTORE, Action.DELETE])
@pytest.mark.parametrize("number", [2, 3])
def test_a_write_whose_snapshot_was_not_read_is_refused_and_not_called_gone(provider, mia, action, number):
    """Snapshot 2 belongs to a server that was read, snapshot 3 to one that was not."""
    provider.is_cut, provider.servers = False, [WEB]
    reading = read_and_reconcile(mia.token, fresh=True)
    wanted = next(one for one in reading.snapshots if one.id == number)
    view = mia.server(wanted.server.name)
    confirmation = mia.confirm(action, view, wanted)
    provider.is_cut = True
    act = mia.restore if action == Action.RESTORE else mia.delete
    with pytest.raises(OperationRefusedError, match="list_incomplete"):
        act(view, wanted, confirmation=confirmation)
    provider.is_cut, provider.second = False, []
    with pytest.raises(OperationRefusedError, match="snapshot_gone"):
        act(view, wanted, confirmation=mia.confirm(action, view, wanted))
    assert provider.writes == []
    entries = Entry.objects.filter(action=action).order_by("sequence")
    assert [entry.code for entry in entries] == ["list_incomplete", "snapshot_gone"]


def test_a_server_that_was_not_read_is_not_called_gone(browser, provider, mia):
    provider.servers = [WEB]
    assert browser.get(url(mia, "server_detail", 8)).status_code == 200
    assert "no longer in" not in text_of(browser.get(url(mia, "server_status", 8)))
    provider.is_cut, provider.second = False, []
    cache.clear()
    assert browser.get(url(mia, "server_detail", 8)).status_code == 404
    assert "no longer in" in text_of(browser.get(url(mia, "server_status", 8)))


def test_the_end_of_a_snapshot_that_was_not_read_is_not_announced(browser, provider, mia):
    path = url(mia, "server_status", 7) + "?moving=s2"
    assert "gone" not in str(browser.get(path, headers={"HX-Request": "true"}).headers)
    provider.is_cut, provider.second = False, []
    cache.clear()
    assert "gone" in str(browser.get(path, headers={"HX-Request": "true"}).headers)


def test_an_account_without_anything_in_the_part_that_was_read_is_not_called_empty(browser, provider):
    provider.first, provider.servers = [], []
    assert "No servers yet" not in text_of(browser.get("/"))


def test_an_unread_snapshot_keeps_the_time_since_it_has_been_in_progress(provider, mia):
    provider.is_cut = False
    provider.second = [snapshot(2, WEB, status="deleting")]
    since = read_and_reconcile(mia.token, fresh=True).moving_since
    assert list(since) == ["snapshot:2"]
    provider.is_cut = True
    assert read_and_reconcile(mia.token, fresh=True).moving_since == since
    provider.is_cut = False
    assert read_and_reconcile(mia.token, fresh=True).moving_since == since
    provider.second = []
    assert read_and_reconcile(mia.token, fresh=True).moving_since == {}


def test_a_token_is_accepted_although_its_list_is_incomplete(browser, provider, mia):
    browser.post(reverse("token_check", args=[mia.token.pk]))
    stored = StoredToken.objects.get(pk=mia.token.pk)
    assert stored.checked_at is not None


# --- Evidence -------------------------------------------------------------------------------------------------------


def settled(operation: Operation) -> str:
    operation.refresh_from_db()
    return operation.state


def test_a_snapshot_in_creation_has_not_vanished_from_an_incomplete_list(provider, mia):
    made = snapshot(50, WEB, "before-change", status="in_progress")
    provider.on_write = httpx.Response(201, content=json.dumps(made).encode())
    operation = mia.create(mia.server("web"))
    Operation.objects.update(accepted_at=datetime.now(UTC) - timedelta(hours=1))
    read_and_reconcile(mia.token, fresh=True)
    assert settled(operation) == State.ACCEPTED
    provider.is_cut = False
    read_and_reconcile(mia.token, fresh=True)
    assert settled(operation) == State.UNKNOWN


def test_a_lost_create_is_not_found_in_a_list_that_may_hold_a_second_candidate(provider, mia):
    provider.is_cut = False
    operation = mia.create(mia.server("web"))
    assert operation.state == State.UNKNOWN
    provider.first.append(
        snapshot(60, WEB, "before-change", created_at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")
    )
    provider.is_cut = True
    read_and_reconcile(mia.token, fresh=True)
    assert settled(operation) == State.UNKNOWN
    provider.is_cut = False
    read_and_reconcile(mia.token, fresh=True)
    assert settled(operation) == State.RECONCILED


def test_a_lost_create_is_not_found_when_the_list_before_it_was_incomplete(provider, mia):
    """The snapshot with that name existed before, in the part that could not be read."""
    recent = f"{datetime.now(UTC) - timedelta(minutes=2):%Y-%m-%dT%H:%M:%SZ}"
    provider.second = [snapshot(61, WEB, "before-change", created_at=recent)]
    operation = mia.create(mia.server("web"))
    assert operation.state == State.UNKNOWN
    provider.is_cut = False
    read_and_reconcile(mia.token, fresh=True)
    assert settled(operation) == State.UNKNOWN


def test_a_lost_delete_is_not_proven_by_an_incomplete_list(provider, mia):
    provider.is_cut = False
    view = mia.server("web")
    operation = mia.delete(view, view.snapshots[0])
    assert operation.state == State.UNKNOWN
    gone = operation.snapshot_id
    provider.first = [one for one in provider.first if one["id"] != gone] or [snapshot(4, WEB)]
    provider.second = [one for one in provider.second if one["id"] != gone]
    provider.is_cut = True
    read_and_reconcile(mia.token, fresh=True)
    assert settled(operation) == State.UNKNOWN
    provider.is_cut = False
    read_and_reconcile(mia.token, fresh=True)
    assert settled(operation) == State.RECONCILED
