"""A key for other servers, or with another person's token, reaches nothing: nothing is sent, and it is recorded."""

from uuid import uuid4

import pytest

from snapshots.api import keys
from snapshots.api.models import ApiKey
from snapshots.audit.models import Entry
from snapshots.jobs.models import Job
from snapshots.operations.models import Operation
from snapshots.sandbox.models import Snapshot
from tests.support.api import Script, make_key, script_of
from tests.support.desk import make_desk
from tests.support.schedules import define

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_servers(desk):
    """A server that the key reaches, and another one, each with snapshots."""
    return [view for view in desk.views() if view.snapshots and not view.is_full][:2]


def refusals(code: str) -> int:
    return Entry.objects.filter(action="access.refuse", code=code).count()


def check_unreached(answer) -> None:
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), answer.content


def test_writes_to_another_server_are_404_and_recorded(desk, two_servers):
    own, other = two_servers
    script = script_of(desk, server_ids=[own.server_id])
    theirs = desk.snapshot(other)
    listed = Snapshot.objects.count()
    check_unreached(script.post("snapshots/", {"server_id": other.server_id, "name": "x"}))
    check_unreached(script.post(f"snapshots/{theirs.id}/restore/"))
    check_unreached(script.delete(f"snapshots/{theirs.id}/"))
    check_unreached(script.post("jobs/", {"kind": "safe_restore", "snapshot_id": theirs.id}))
    assert refusals("api_key_server") == 4
    rows = Entry.objects.filter(code="api_key_server")
    assert set(rows.values_list("server_id", flat=True)) == {other.server_id}
    assert (Operation.objects.count(), Job.objects.count(), Snapshot.objects.count()) == (0, 0, listed)
    assert script.delete(f"snapshots/{desk.snapshot(own).id}/").status_code == 204


def test_the_answer_is_the_one_about_what_does_not_exist(desk, two_servers):
    own, other = two_servers
    script = script_of(desk, server_ids=[own.server_id])
    theirs = script.delete(f"snapshots/{desk.snapshot(other).id}/")
    nothing = script.delete("snapshots/999999/")
    assert (theirs.status_code, theirs.content) == (nothing.status_code, nothing.content)


def test_lists_show_nothing_of_another_server(desk, two_servers):
    own, other = two_servers
    operation = desk.create(other)
    schedule = define(desk, servers=((other.server_id, other.name),))
    everything = define(desk, name="all", covers_all=True, servers=())
    job = script_of(desk).post("jobs/", {"kind": "safe_restore", "snapshot_id": desk.snapshot(other).id})
    script = script_of(desk, server_ids=[own.server_id], name="limited")
    assert {one["server"]["id"] for one in script.get("snapshots/").json()["results"]} == {own.server_id}
    for path in ("snapshots/", "operations/"):
        assert script.get(f"{path}?server_id={other.server_id}").json()["results"] == []
    rows = Entry.objects.filter(code="api_key_server", server_id=other.server_id)
    assert set(rows.values_list("target", flat=True)) == {"/api/v1/snapshots/", "/api/v1/operations/"}
    assert {one["id"] for one in script.get("servers/").json()["results"]} == {own.server_id}
    for path in ("operations/", "jobs/", "schedules/"):
        assert script.get(path).json()["results"] == []
    check_unreached(script.get(f"operations/{operation.pk}/"))
    check_unreached(script.get(job.json()["url"]))
    for one in (schedule, everything):
        check_unreached(script.get(f"schedules/{one.pk}/"))
        for verb in ("pause", "resume", "run"):
            check_unreached(script.post(f"schedules/{one.pk}/{verb}/"))
    assert refusals("api_key_foreign") == 2 + 2 * 4


def test_nothing_is_recorded_about_what_does_not_exist(desk, two_servers):
    script = script_of(desk, server_ids=[two_servers[0].server_id])
    for path in ("operations", "jobs", "schedules"):
        check_unreached(script.get(f"{path}/{uuid4()}/"))
    assert refusals("api_key_foreign") == 0


def test_a_key_shows_what_its_own_token_reaches_and_not_what_another_of_its_person_does(desk, cast, sandbox):
    """Even of an admin, who sees everything on pages."""
    script = script_of(make_desk(cast.ada, "ada-token-for-scripts-000"))
    job = script_of(desk).post(
        "jobs/", {"kind": "safe_restore", "snapshot_id": desk.snapshot(desk.server()).id}
    )
    operation, schedule = desk.create(desk.server()), define(desk)
    for path in ("operations/", "jobs/", "schedules/"):
        assert script.get(path).json()["results"] == []
    check_unreached(script.get(f"operations/{operation.pk}/"))
    check_unreached(script.get(f"schedules/{schedule.pk}/"))
    check_unreached(script.get(job.json()["url"]))


def test_a_snapshot_of_another_server_cannot_make_room(desk, two_servers):
    own, other = two_servers
    script = script_of(desk, server_ids=[own.server_id])
    body = {
        "kind": "safe_restore",
        "snapshot_id": desk.snapshot(own).id,
        "make_room": desk.snapshot(other).id,
    }
    check_unreached(script.post("jobs/", body))
    assert not Job.objects.exists()


def test_nobody_makes_a_key_with_the_token_of_another_person(cast, desk):
    with pytest.raises(keys.KeyNotMadeError) as refused:
        make_key(cast.ada, desk.token)
    assert refused.value.code == "token"
    assert not ApiKey.objects.exists()


def test_a_key_that_was_given_such_a_token_in_the_database_reaches_nothing(cast, desk, sandbox):
    snapshot = desk.snapshot(desk.server())
    own = make_desk(cast.ada, sandbox.other_token)
    key, secret = make_key(cast.ada, own.token)
    ApiKey.objects.filter(pk=key.pk).update(token=desk.token)
    script = Script(secret)
    listed = Snapshot.objects.count()
    calls = [
        ("GET", "snapshots/", None),
        ("GET", "servers/", None),
        ("GET", "account/me/", None),
        ("POST", "snapshots/", {"server_id": snapshot.server.id, "name": "x"}),
        ("POST", f"snapshots/{snapshot.id}/restore/", None),
        ("DELETE", f"snapshots/{snapshot.id}/", None),
        ("POST", "jobs/", {"kind": "safe_restore", "snapshot_id": snapshot.id}),
    ]
    for method, path, body in calls:
        answer = script.send(method, path, body)
        assert (answer.status_code, answer.json()["code"]) == (403, "token_gone"), path
    assert refusals("api_key_token") == len({(method, path) for method, path, _body in calls})
    assert (Operation.objects.count(), Job.objects.count(), Snapshot.objects.count()) == (0, 0, listed)
