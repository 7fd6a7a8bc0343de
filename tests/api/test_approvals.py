"""Scripts on servers where a restore or a deletion takes the approval of other people."""

import pytest
from django.urls import reverse

from snapshots.api import keys
from snapshots.api.models import ApiKey
from snapshots.approvals import deciding
from snapshots.approvals.models import ApprovalRequest, Kind, State
from snapshots.jobs.models import Job
from snapshots.operations.models import Operation
from tests.support.api import Script, make_key, script_of
from tests.support.desk import make_desk
from tests.support.policies import actor, approve, only, place
from tests.support.refusals import refused
from tests.support.wishes import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def view(cast, desk):
    view = desk.server()
    place(cast.ada, view)
    return view


def restore(script: Script, desk, view, key: str = "deploy-7"):
    path = f"snapshots/{desk.snapshot(view).id}/restore/"
    return script.post(path, {"reason": "bad upgrade"}, Idempotency_Key=key)


def test_a_restore_is_answered_with_the_address_of_its_request_and_begins_when_approved(cast, desk, view):
    script = script_of(desk)
    answer = restore(script, desk, view)
    assert (answer.status_code, answer.json()["code"]) == (202, "approval_needed")
    assert not Operation.objects.exists()
    asked = only()
    assert answer["Location"] == answer.json()["request"] == reverse("api_request", args=[asked.pk])
    assert restore(script, desk, view).json() == answer.json()
    assert ApprovalRequest.objects.count() == 1
    shown = script.get(f"requests/{asked.pk}/").json()
    assert (shown["state"], shown["began"], shown["reason"]) == ("waiting", None, "bad upgrade")
    approve(cast.ada, asked)()
    operation = Operation.objects.get()
    shown = script.get(f"requests/{asked.pk}/").json()
    assert (shown["state"], shown["began"]) == ("begun", reverse("api_operation", args=[operation.pk]))
    assert restore(script, desk, view).status_code == 200
    assert Operation.objects.count() == 1


def test_a_restore_with_a_safety_snapshot_too(cast, desk, view):
    script = script_of(desk)
    body = {"kind": "safe_restore", "snapshot_id": desk.snapshot(view).id, "reason": "bad upgrade"}
    answer = script.post("jobs/", body, Idempotency_Key="deploy-8")
    assert (answer.status_code, answer.json()["code"]) == (202, "approval_needed")
    assert answer["Location"] == answer.json()["request"] == reverse("api_request", args=[only().pk])
    assert script.post("jobs/", body, Idempotency_Key="deploy-8").json() == answer.json()
    assert not Job.objects.exists()
    approve(cast.ada, only())()
    job = Job.objects.get()
    assert job.approval["text"].startswith(f"approved by person {cast.ada.pk}")
    shown = script.get(f"requests/{only().pk}/").json()
    assert (shown["kind"], shown["began"]) == ("safe_restore", reverse("api_job", args=[job.pk]))
    again = script.post("jobs/", body, Idempotency_Key="deploy-8")
    assert (again.status_code, again.json()["id"]) == (202, str(job.pk))


def test_a_request_about_several_is_shown_to_keys_that_reach_all_of_it(cast, desk):
    made = make(desk, Kind.DELETE_MANY)
    place(cast.ada, *made.views, actions=[made.action])
    asked = made.begin()
    shown = script_of(desk).get(f"requests/{asked.pk}/").json()
    assert (shown["server"], len(shown["parts"])) == (None, 3)
    assert len({item.server_id for item in asked.items}) > 1
    _key, secret = make_key(desk.user, desk.token, name="one", server_ids=[asked.items[0].server_id])
    assert Script(secret).get(f"requests/{asked.pk}/").status_code == 404


def test_a_deletion_too(cast, desk, view):
    script, snapshot = script_of(desk), desk.snapshot(view)
    answer = script.delete(f"snapshots/{snapshot.id}/")
    assert (answer.status_code, answer.json()["code"]) == (202, "approval_needed")
    approve(cast.ada, only())()
    assert Operation.objects.get().snapshot_id == snapshot.id


def test_what_a_key_asked_for_does_not_begin_once_the_key_is_revoked(cast, desk, view):
    restore(script_of(desk), desk, view)
    keys.revoke(actor=desk.actor, key=ApiKey.objects.get())
    approve(cast.ada, only())()
    assert (only().state, only().code) == (State.VOID, "not_allowed_any_more")
    assert not Operation.objects.exists()


def test_no_key_decides_and_its_person_does_not_either(cast, desk, view):
    script = script_of(desk)
    restore(script, desk, view)
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert script.send(method, reverse("api_request", args=[only().pk]), None).status_code == 405
    assert refused(approve(desk.user, only())) == "second_person"
    assert only().state == State.WAITING


def test_lists_hold_what_the_key_reaches(cast, desk, view, sandbox):
    restore(script_of(desk), desk, view)
    assert [one["id"] for one in script_of(desk, name="other").get("requests/").json()["results"]] == [
        str(only().pk)
    ]
    other = next(one for one in desk.views() if one.server_id != view.server_id)
    _key, secret = make_key(desk.user, desk.token, name="elsewhere", server_ids=[other.server_id])
    elsewhere = Script(secret)
    assert elsewhere.get("requests/").json()["results"] == []
    assert elsewhere.get(f"requests/{only().pk}/").status_code == 404


def test_a_glass_that_is_broken_for_a_script_says_so(cast, desk, view, sandbox):
    restore(script_of(desk), desk, view)
    make_desk(cast.ada, sandbox.token)
    deciding.break_glass(actor=actor(cast.ada), pk=only().pk, reason="the shop is down")
    assert only().state == State.BEGUN
