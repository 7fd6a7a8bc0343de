"""A server that a fresh and complete servers list no longer shows: its remaining snapshots can only be deleted."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from django.urls import reverse

from snapshots import contract
from snapshots.audit.models import Entry
from snapshots.inventory.reader import expire
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action, Operation
from tests.support.desk import Desk, make_desk
from tests.support.pages import confirm, text_of

pytestmark = pytest.mark.django_db

GONE, OTHER = 7, 8
NO_LONGER_LISTED = "VPS.org no longer lists this server; its snapshots remain"


def snapshot_of(server_id: int) -> dict[str, Any]:
    return {
        "id": 100 + server_id,
        "server": {"id": server_id, "name": f"server-{server_id}"},
        "name": "nightly",
        "status": "completed",
        "size_mb": 10,
        "created_at": "2026-01-01T00:00:00Z",
        "description": "",
    }


def server_of(server_id: int) -> dict[str, Any]:
    return {"id": server_id, "name": f"server-{server_id}", "status": "active"}


@dataclass
class Provider:
    """Lists one snapshot of each of two servers; `servers` answers the servers list. Accepts every write."""

    servers: Callable[[], httpx.Response]
    writes: list[str] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method != "GET":
            self.writes.append(f"{request.method} {request.url.path}")
            return httpx.Response(204)
        if request.url.path == contract.SERVERS_PATH:
            return self.servers()
        return page([snapshot_of(GONE), snapshot_of(OTHER)])


def page(results: list[dict[str, Any]], **more: object) -> httpx.Response:
    return httpx.Response(200, json={"count": len(results), "next": None, "results": results, **more})


@pytest.fixture
def provider(double) -> Provider:
    double.answer = Provider(lambda: page([server_of(OTHER)]))
    return double.answer


@pytest.fixture
def team(cast, provider) -> Desk:
    return make_desk(cast.mia, "any-token")


@pytest.mark.parametrize("action", [Action.CREATE, Action.RESTORE])
@pytest.mark.parametrize("left", [[server_of(OTHER)], []], ids=["another server is left", "none is left"])
def test_create_and_restore_are_refused(team, provider, action, left):
    provider.servers = lambda: page(left)
    view = team.server("server-7")
    with pytest.raises(OperationRefusedError, match="server_gone"):
        team.operate(action, view)
    assert provider.writes == []
    assert not Operation.objects.exists()
    assert Entry.objects.get(result="refused").code == "server_gone"


def test_delete_is_sent(team, provider):
    view = team.server("server-7")
    team.operate(Action.DELETE, view)
    assert provider.writes == [f"DELETE {contract.snapshot_path(107)}"]


NOT_CERTAIN = {
    "the list is not complete": lambda: page([server_of(OTHER)], count=2),
    "the list may be incomplete": lambda: page([server_of(OTHER)], count=None),
    "the list is refused": lambda: httpx.Response(403, json={"detail": "no"}),
    "the list fails": lambda: httpx.Response(500),
}


@pytest.mark.parametrize("answer", NOT_CERTAIN.values(), ids=NOT_CERTAIN)
def test_without_a_fresh_and_complete_list_a_server_is_not_considered_gone(team, provider, signed_in, answer):
    provider.servers = answer
    view = team.server("server-7")
    assert not view.is_gone
    assert NO_LONGER_LISTED not in text_of(signed_in(team.user).get("/"))


def test_an_old_complete_list_does_not_make_a_server_gone(team, provider):
    assert team.server("server-7").is_gone
    provider.servers = lambda: httpx.Response(500)
    assert not team.server("server-7").is_gone


def test_a_server_that_is_listed_again_is_no_longer_gone(team, provider):
    assert team.server("server-7").is_gone
    provider.servers = lambda: page([server_of(GONE), server_of(OTHER)])
    assert not team.server("server-7").is_gone


def urls(team: Desk, server_id: int) -> dict[str, str]:
    token = team.token.pk
    return {
        "create": reverse("snapshot_create", args=[token, server_id]),
        "restore": reverse("snapshot_restore", args=[token, 100 + server_id]),
        "delete": reverse("snapshot_delete", args=[token, 100 + server_id]),
        "server": reverse("server_detail", args=[token, server_id]),
    }


@pytest.mark.parametrize("where", ["list", "server"])
def test_the_card_of_a_server_that_is_gone_says_so_and_offers_only_delete(team, signed_in, where):
    url = "/?q=server-7" if where == "list" else urls(team, GONE)["server"]
    response = signed_in(team.user).get(url)
    assert NO_LONGER_LISTED in text_of(response)
    assert "No longer listed" in text_of(response)
    body = response.content.decode()
    assert {
        verb for verb in ("create", "restore", "delete") if f'href="{urls(team, GONE)[verb]}"' in body
    } == {"delete"}


def test_a_listed_server_keeps_all_its_buttons(team, signed_in):
    response = signed_in(team.user).get("/?q=server-8")
    assert NO_LONGER_LISTED not in text_of(response)
    for verb in ("create", "restore", "delete"):
        assert f'href="{urls(team, OTHER)[verb]}"' in response.content.decode()


@pytest.mark.parametrize("verb", ["create", "restore"])
def test_create_and_restore_pages_of_a_server_that_is_gone_say_so_and_have_no_form(team, signed_in, verb):
    response = signed_in(team.user).get(urls(team, GONE)[verb])
    text = text_of(response)
    assert NO_LONGER_LISTED in text
    assert not any(
        words in text for words in ("What will happen", "is stopped", "cannot be undone", "will be lost")
    )
    assert ("This server cannot be restored" in text) == (verb == "restore")
    assert 'name="confirmation"' not in response.content.decode()
    assert urls(team, GONE)["create"] not in response.content.decode()


def test_a_form_opened_before_the_server_was_gone_is_refused_with_a_message(team, provider, signed_in):
    client = signed_in(team.user)
    provider.servers = lambda: page([server_of(GONE), server_of(OTHER)])
    url = urls(team, GONE)["restore"]
    client.get(url)
    confirmation = team.confirm(Action.RESTORE, team.server("server-7"), team.server("server-7").snapshots[0])
    provider.servers = lambda: page([server_of(OTHER)])
    data = {"confirmation": confirmation, "typed_name": "server-7", "reason": "needed"}
    response = client.post(url, data)
    assert response.status_code == 409
    assert "This server is no longer there" in text_of(response)
    assert provider.writes == []


def test_a_snapshot_of_a_server_that_is_gone_is_deleted_through_the_page(team, provider, signed_in):
    expire(team.token)
    client = signed_in(team.user)
    assert "may be in its snapshots only" in text_of(client.get(urls(team, GONE)["delete"]))
    assert confirm(client, urls(team, GONE)["delete"], understood="on").status_code == 302
    assert len(provider.writes) == 1
