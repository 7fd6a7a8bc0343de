"""The provider's four endpoints through the portal: its shapes and statuses, and the portal's rules and log behind them."""

import pytest
from django.conf import settings

from snapshots.api.endpoints import codes
from snapshots.api.endpoints.documents import document
from snapshots.audit.models import Entry
from snapshots.deletions.grace import set_grace
from snapshots.deletions.models import PlannedDeletion
from snapshots.operations import protection
from snapshots.operations.models import Operation, State
from snapshots.sandbox.models import Server, Snapshot
from tests.support.api import script_of
from tests.support.deletions import target_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def script(desk):
    return script_of(desk)


def test_the_list_is_what_the_provider_lists(script, desk):
    answer = script.get("snapshots/")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"
    data = answer.json()
    listed = {one.id for view in desk.views() for one in view.snapshots}
    assert {one["id"] for one in data["results"]} == listed
    assert data["count"] == len(listed)
    assert set(data["results"][0]) == {
        "id",
        "server",
        "name",
        "status",
        "size_mb",
        "created_at",
        "description",
    }


def test_the_list_of_one_server(script, desk):
    view = desk.server()
    data = script.get(f"snapshots/?server_id={view.server_id}").json()
    assert {one["server"]["id"] for one in data["results"]} == {view.server_id}
    assert script.get("snapshots/?server_id=x").status_code == 400


def test_a_create_is_answered_as_the_contract_says_and_is_in_the_log(script, desk):
    view = desk.server()
    body = {"server_id": view.server_id, "name": "by-a-script", "description": "x"}
    answer = script.post("snapshots/", body, X_Reason="nightly")
    assert answer.status_code == 201, answer.content
    data = answer.json()
    assert (data["name"], data["status"], data["size_mb"]) == ("by-a-script", "in_progress", None)
    assert data["server"] == {"id": view.server_id, "name": view.name}
    assert "being created" in data["message"]
    operation = Operation.objects.get()
    assert operation.snapshot_id == data["id"]
    rows = Entry.objects.filter(operation_id=operation.pk).order_by("sequence")
    assert [row.result for row in rows] == ["pending", "accepted"]
    assert rows[0].channel.startswith("api:")
    assert rows[0].reason == "nightly"
    assert answer["X-Operation"] == f"/api/v1/operations/{operation.pk}/"


def test_a_restore_is_answered_as_the_contract_says(script, desk):
    view = desk.server()
    snapshot = desk.snapshot(view)
    answer = script.post(f"snapshots/{snapshot.id}/restore/")
    assert answer.status_code == 200, answer.content
    data = answer.json()
    assert data["status"] == "success"
    assert data["snapshot"]["id"] == snapshot.id
    assert data["server"] == {"id": view.server_id, "name": view.name, "status": "restoring"}
    assert Operation.objects.get().reason == "API key ci"


def test_a_server_that_was_renamed_a_moment_ago_is_restored(script, desk):
    """A script types no name: it must not be refused because the portal knew another one."""
    view = desk.server()
    snapshot = desk.snapshot(view)
    Server.objects.filter(pk=view.server_id).update(name="renamed")
    assert script.post(f"snapshots/{snapshot.id}/restore/").status_code == 200
    assert Operation.objects.get().server_name == "renamed"


@pytest.mark.parametrize("reason", ["\u200b", " \u2800\ufeff ", "\u00ad\u2060"])
def test_a_reason_of_which_nothing_can_be_seen_is_none(desk, reason):
    script = script_of(desk, needs_reason=True)
    snapshot = desk.snapshot(desk.server())
    for answer in (
        script.post(f"snapshots/{snapshot.id}/restore/", X_Reason=reason),
        script.post(f"snapshots/{snapshot.id}/restore/", {"reason": reason}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (400, "reason_missing")
    assert not Operation.objects.exists()


@pytest.mark.parametrize("hostname", ["web01.example.com", ""])
def test_a_server_without_a_name_is_restored_too(script, desk, clock, hostname):
    """Pages name it by its host name, or by its ID."""
    view = desk.server()
    Server.objects.filter(pk=view.server_id).update(name="", hostname=hostname)
    clock.shift(10)
    desk.views()
    answer = script.post(f"snapshots/{desk.snapshot(view).id}/restore/")
    assert answer.status_code == 200, answer.content
    assert Operation.objects.get().server_name == (hostname or str(view.server_id))


def test_a_delete_has_no_body(script, desk):
    snapshot = desk.snapshot(desk.server())
    answer = script.delete(f"snapshots/{snapshot.id}/")
    assert (answer.status_code, answer.content) == (204, b"")
    assert not Snapshot.objects.filter(pk=snapshot.id).exists()


def test_a_delete_on_a_server_with_a_grace_time_is_planned(script, desk):
    view = desk.server()
    set_grace(actor=desk.actor, server_id=view.server_id, server_name=view.name, days=2)
    snapshot = desk.snapshot(view)
    answer = script.delete(f"snapshots/{snapshot.id}/")
    assert answer.status_code == 202
    assert answer.json()["code"] == "deletion_planned"
    assert PlannedDeletion.objects.get().snapshot_id == snapshot.id
    assert Snapshot.objects.filter(pk=snapshot.id).exists()
    now = {"delete_now": True}
    assert script.delete(f"snapshots/{snapshot.id}/", now).status_code == 400
    answer = script.delete(f"snapshots/{snapshot.id}/", now | {"reason": "full disk"})
    assert answer.status_code == 204


@pytest.mark.parametrize("path", ["snapshots/999999/", "snapshots/999999/restore/", f"snapshots/{10**25}/"])
def test_a_snapshot_that_does_not_exist_is_404(script, path):
    answer = script.post(path) if path.endswith("restore/") else script.delete(path)
    assert answer.status_code == 404
    assert answer.json()["detail"]


def test_a_server_that_does_not_exist_is_404(script):
    answer = script.post("snapshots/", {"server_id": 999999, "name": "x"})
    assert (answer.status_code, answer.json()["code"]) == (404, "server_gone")


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "text",
        {"name": "x"},
        {"server_id": "12", "name": "x"},
        {"server_id": True, "name": "x"},
        {"server_id": 1, "name": 5},
        {"server_id": 1, "name": "x", "description": "x" * 501},
    ],
)
def test_a_body_that_is_not_the_contracts_is_400(script, body):
    answer = script.post("snapshots/", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_a_name_with_other_letters_is_400(script, desk):
    answer = script.post("snapshots/", {"server_id": desk.server().server_id, "name": "no spaces"})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_name")


def test_a_full_server_is_400_and_nothing_is_sent(script, desk):
    view = desk.server("db-server-01")
    answer = script.post("snapshots/", {"server_id": view.server_id, "name": "one-more"})
    assert (answer.status_code, answer.json()["code"]) == (400, "limit_reached")
    refused = Entry.objects.get(action="snapshot.create")
    assert (refused.result, refused.channel[:4]) == ("refused", "api:")


def test_a_protected_snapshot_is_409(script, desk):
    view = desk.server()
    protection.protect(actor=desk.actor, target=target_of(desk, view))
    answer = script.delete(f"snapshots/{desk.snapshot(view).id}/")
    assert (answer.status_code, answer.json()["code"]) == (409, "protected")


def test_a_held_server_is_409_and_can_be_overridden_with_a_reason(script, desk):
    view = desk.server()
    snapshot = desk.snapshot(view)
    script.post(f"snapshots/{snapshot.id}/restore/")
    body = {"server_id": view.server_id, "name": "meanwhile"}
    answer = script.post("snapshots/", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "server_held")
    answer = script.post("snapshots/", body, X_Override_Reason="the provider said so")
    assert answer.status_code == 400  # sent, and refused by the provider, in its words
    assert answer.json()["detail"] == "The server is being restored."


def test_a_held_server_is_400_for_a_restore_as_the_contract_says_and_409_for_anything_else(script, desk):
    snapshot = desk.snapshot(desk.server())
    path = f"snapshots/{snapshot.id}/"
    script.post(f"{path}restore/")
    body = {"kind": "safe_restore", "snapshot_id": snapshot.id}
    for answer, status in (
        (script.post(f"{path}restore/"), 400),
        (script.delete(path), 409),
        (script.post("jobs/", body), 409),
    ):
        assert (answer.status_code, answer.json()["code"]) == (status, "server_held")
    paths = document(settings.SNAPPORTAL_BASE_PATH)["paths"]
    restore = paths["/snapshots/{snapshot_id}/restore/"]["post"]
    assert "`server_held`" in restore["responses"]["400"]["description"]
    assert {one.status for one in codes.all_codes() if one.code == "server_held"} == {400, 409}


def test_a_reason_is_required_where_the_key_says_so(desk):
    script = script_of(desk, needs_reason=True)
    snapshot = desk.snapshot(desk.server())
    answer = script.post(f"snapshots/{snapshot.id}/restore/")
    assert (answer.status_code, answer.json()["code"]) == (400, "reason_missing")
    assert script.post(f"snapshots/{snapshot.id}/restore/", X_Reason="böser Fehler, voilà").status_code == 200
    assert Operation.objects.get().reason == "böser Fehler, voilà"


def test_no_cookie_is_set_and_no_session_is_read(script, desk, django_assert_num_queries):
    answer = script.get("snapshots/")
    assert not answer.cookies
    with django_assert_num_queries(4):  # the key, its owner, its token, the cached list
        script.get("snapshots/")


def test_servers_and_account(script, desk):
    data = script.get("servers/?status=active").json()
    assert data["count"] == len(data["results"]) > 0
    assert {"id", "name", "hostname", "status", "ip_address", "location", "plan", "os"} == set(
        data["results"][0]
    )
    data = script.get("account/me/").json()
    assert data["token"]["name"] == "ci"
    assert "snapshots.restore" in data["token"]["permissions"]


def test_an_operation_tells_its_end(script, desk, clock):
    answer = script.post("snapshots/", {"server_id": desk.server().server_id, "name": "a"})
    url = answer["X-Operation"]
    assert script.get(url).json()["result"] is None
    clock.shift(3600)
    data = script.get(f"{url}?wait=1").json()
    assert (data["state"], data["result"]) == (State.COMPLETED, "ok")
    assert script.get("operations/?is_open=false").json()["results"][0]["id"] == data["id"]


def test_a_body_in_chunks_is_refused_instead_of_being_taken_for_empty(script, desk):
    snapshot = desk.snapshot(desk.server())
    answer = script.post(f"snapshots/{snapshot.id}/restore/", Transfer_Encoding="chunked")
    assert (answer.status_code, answer.json()["code"]) == (411, "length_required")
    assert not Operation.objects.exists()


def test_an_empty_idempotency_key_is_refused(script, desk):
    body = {"server_id": desk.server().server_id, "name": "x"}
    assert script.post("snapshots/", body, Idempotency_Key=" ").status_code == 400
