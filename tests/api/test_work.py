"""Operations, jobs and schedules through the API."""

import threading
import time
import uuid

import pytest
from django.db import connections

from snapshots.jobs.models import Job, Kind
from snapshots.operations.models import Action, Operation, State
from snapshots.schedules.models import Run, Schedule
from tests.support.api import Script, script_of
from tests.support.schedules import define

pytestmark = pytest.mark.django_db


@pytest.fixture
def script(desk) -> Script:
    return script_of(desk)


class TestOperations:
    def test_pages_lead_to_all_of_them(self, script, desk):
        view = desk.server()
        for number in range(3):
            desk.create(view, f"n-{number}")
        Operation.objects.update(state=State.COMPLETED)
        fields = {one.attname for one in Operation._meta.concrete_fields} - {"id", "idempotency_key"}
        copied = Operation.objects.values(*fields)[0]
        Operation.objects.bulk_create(
            Operation(**copied, idempotency_key=f"copy-{number}") for number in range(60)
        )
        for number, one in enumerate(Operation.objects.order_by("pk")):
            Operation.objects.filter(pk=one.pk).update(created_at=one.created_at.replace(microsecond=number))
        page = script.get(f"operations/?server_id={view.server_id}").json()
        found = [one["id"] for one in page["results"]]
        page = script.get(page["next"]).json()
        found += [one["id"] for one in page["results"]]
        assert page["next"] is None
        assert len(found) == len(set(found)) == 63

    def test_an_operation_of_another_server_or_person_is_404(self, desk):
        operation = desk.create(desk.server(), "mine")
        other = script_of(desk, server_ids=[1], name="other")
        assert other.get(f"operations/{operation.pk}/").status_code == 404
        assert other.get("operations/").json()["results"] == []
        assert other.get(f"operations/{uuid.uuid4()}/").status_code == 404

    @pytest.mark.django_db(transaction=True)
    def test_waiting_ends_as_soon_as_the_operation_has(self, far_desk):
        script = script_of(far_desk)
        operation = far_desk.create(far_desk.server(), "slow")
        answers: list[dict] = []

        def wait() -> None:
            try:
                answers.append(script.get(f"operations/{operation.pk}/?wait=20").json())
            finally:
                connections.close_all()

        waiting = threading.Thread(target=wait)
        started = time.monotonic()
        waiting.start()
        time.sleep(1)
        Operation.objects.filter(pk=operation.pk).update(state=State.COMPLETED)
        waiting.join(15)
        assert time.monotonic() - started < 10
        assert answers[0]["result"] == "ok"

    def test_a_wait_of_more_than_30_seconds_is_400(self, script, desk):
        operation = desk.create(desk.server(), "x")
        assert script.get(f"operations/{operation.pk}/?wait=31").status_code == 400

    def test_a_wait_that_ends_first_shows_what_is_there(self, script, desk):
        operation = desk.create(desk.server(), "x")
        assert script.get(f"operations/{operation.pk}/?wait=0.2").json()["result"] is None


class TestJobs:
    def body(self, desk, view, **more) -> dict:
        return {"kind": "safe_restore", "snapshot_id": desk.snapshot(view).id, **more}

    def test_a_restore_after_a_safety_snapshot(self, script, desk):
        view = desk.server()
        answer = script.post("jobs/", self.body(desk, view, reason="bad update"), Idempotency_Key="a")
        assert answer.status_code == 202, answer.content
        data = answer.json()
        assert [one["action"] for one in data["steps"]] == [Action.CREATE, Action.RESTORE]
        assert answer["Location"] == data["url"]
        job = Job.objects.get()
        assert (job.kind, job.reason, str(job.pk)) == (Kind.SAFE_RESTORE, "bad update", data["id"])
        again = script.post("jobs/", self.body(desk, view, reason="bad update"), Idempotency_Key="a")
        assert (again.status_code, again.json()["id"]) == (202, data["id"])
        assert script.get(data["url"]).json()["id"] == data["id"]
        assert [one["id"] for one in script.get("jobs/").json()["results"]] == [data["id"]]

    def test_a_full_server_needs_a_snapshot_that_makes_room(self, script, desk):
        view = desk.server("db-server-01")
        answer = script.post("jobs/", self.body(desk, view))
        assert (answer.status_code, answer.json()["code"]) == (400, "room_missing")
        body = self.body(desk, view)
        other = next(one for one in view.snapshots if one.id != body["snapshot_id"])
        answer = script.post("jobs/", body | {"make_room": other.id})
        assert answer.status_code == 202, answer.content
        assert [one["action"] for one in answer.json()["steps"]] == [
            Action.DELETE,
            Action.CREATE,
            Action.RESTORE,
        ]

    @pytest.mark.parametrize("missing", ["snapshots.create", "snapshots.restore"])
    def test_each_step_needs_its_right(self, desk, missing):
        rights = {"snapshots.see", "snapshots.create", "snapshots.restore"} - {missing}
        script = script_of(desk, rights=rights)
        assert script.post("jobs/", self.body(desk, desk.server())).status_code == 403
        assert not Job.objects.exists()

    def test_a_key_for_some_servers_sees_no_job_of_another_one(self, script, desk):
        view = desk.server()
        url = script.post("jobs/", self.body(desk, view)).json()["url"]
        other = script_of(desk, server_ids=[1], name="other")
        assert other.get(url).status_code == 404
        assert other.get("jobs/").json()["results"] == []

    @pytest.mark.parametrize("body", [{}, {"kind": "other", "snapshot_id": 1}, {"kind": "safe_restore"}])
    def test_a_job_of_no_known_kind_is_400(self, script, body):
        assert script.post("jobs/", body).status_code == 400


class TestSchedules:
    def test_they_are_listed_paused_resumed_and_run(self, script, desk):
        schedule = define(desk, name="nightly")
        (item,) = script.get("schedules/").json()["results"]
        assert (item["name"], item["state"]) == ("nightly", "active")
        assert script.post(f"{item['url']}pause/", {"reason": "freeze"}).json()["state"] == "paused"
        answer = script.post(f"{item['url']}pause/")
        assert (answer.status_code, answer.json()["code"]) == (409, "schedule_not_active")
        assert script.post(f"{item['url']}resume/").json()["state"] == "active"
        answer = script.post(f"{item['url']}run/", Idempotency_Key="a")
        assert answer.status_code == 202
        assert script.post(f"{item['url']}run/", Idempotency_Key="a").json() == answer.json()
        assert Run.objects.get().schedule == schedule
        assert script.get(item["url"]).json()["runs"][0]["id"] == answer.json()["id"]

    def test_an_operators_key_pauses_and_does_not_run(self, desk):
        schedule = define(desk)
        script = script_of(desk, rights=["snapshots.see", "schedules.pause"])
        assert script.post(f"schedules/{schedule.pk}/run/").status_code == 403
        assert script.post(f"schedules/{schedule.pk}/pause/").status_code == 200

    def test_a_key_for_some_servers_reaches_no_schedule_of_others(self, desk):
        schedule = define(desk)
        other = script_of(desk, server_ids=[1])
        assert other.get("schedules/").json()["results"] == []
        assert other.post(f"schedules/{schedule.pk}/pause/").status_code == 404
        assert Schedule.objects.get().state == "active"
