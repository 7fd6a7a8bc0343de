"""A key reaches and does no more than the limits of its stored token leave."""

import pytest

from snapshots.audit.models import Entry
from snapshots.operations.models import Operation
from tests.support.api import Script, script_of
from tests.support.batches import roomy
from tests.support.limits import CREATE, RIGHTS, limit

pytestmark = pytest.mark.django_db
STATUSES = {
    "all": (201, 200, 204),
    "see": (403, 403, 403),
    "create": (201, 403, 403),
    "restore": (201, 200, 403),
    "delete": (201, 403, 204),
}
"""Of a create, a restore and a delete."""


def servers_in(script: Script) -> set[int]:
    return {one["id"] for one in script.get("servers/").json()["results"]}


def send(script: Script, number: int, view, snapshot) -> object:
    match number:
        case 0:
            return script.post("snapshots/", {"server_id": view.server_id, "name": "by-script"})
        case 1:
            return script.post(f"snapshots/{snapshot.id}/restore/", {"reason": "try"})
        case _:
            return script.delete(f"snapshots/{snapshot.id}/")


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("rights", RIGHTS)
def test_the_rights_that_the_limits_leave(desk, rights, number):
    view = desk.server()
    script = script_of(desk)
    limit(desk, servers=[view.server_id], rights=RIGHTS[rights])
    answer = send(script, number, view, desk.snapshot(view))
    assert answer.status_code == STATUSES[rights][number]
    if answer.status_code == 403:
        assert answer.json()["code"] == "token_limited"
        row = Entry.objects.latest("sequence")
        assert (row.action, row.result, row.code) == ("access.refuse", "refused", "token_limited")
        assert not Operation.objects.exists()


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_server_outside_is_answered_like_a_foreign_one(desk, number):
    here, there = roomy(desk, 2)
    script = script_of(desk)
    limit(desk, servers=[here.server_id])
    answer = send(script, number, there, desk.views(fresh=False) and there.snapshots[0])
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert not Operation.objects.exists()


def test_a_create_on_a_server_outside_is_recorded(desk):
    here, there = roomy(desk, 2)
    script = script_of(desk)
    limit(desk, servers=[here.server_id])
    send(script, 0, there, None)
    row = Entry.objects.latest("sequence")
    assert (row.action, row.result, row.code) == ("access.refuse", "refused", "api_key_server")


def test_lists_leave_out_what_is_outside(cast, desk, sandbox):
    """An admin sees every operation on pages; a key of an admin sees those of its token."""
    cast.mia.role = "admin"
    cast.mia.save()
    here, there = roomy(desk, 2)
    for view in (here, there):
        desk.create(view)
    script = script_of(desk)
    assert {here.server_id, there.server_id} <= servers_in(script)
    assert len(script.get("operations/").json()["results"]) == 2
    limit(desk, servers=[here.server_id])
    assert servers_in(script) == {here.server_id}
    snapshots = script.get("snapshots/").json()["results"]
    assert {one["server"]["id"] for one in snapshots} == {here.server_id}
    assert [one["server"]["id"] for one in script.get("operations/").json()["results"]] == [here.server_id]


def test_a_key_of_one_server_and_a_token_of_another_reach_none(desk):
    here, there = roomy(desk, 2)
    script = script_of(desk, server_ids=[here.server_id])
    limit(desk, servers=[there.server_id])
    assert servers_in(script) == set()
    assert script.get("operations/").json()["results"] == []


def test_the_account_names_the_rights_that_are_left(desk):
    script = script_of(desk)
    limit(desk, rights=CREATE)
    rights = script.get("account/me/").json()["token"]["permissions"]
    assert "snapshots.create" in rights
    assert not {"snapshots.restore", "snapshots.delete"} & set(rights)
