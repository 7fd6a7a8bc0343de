"""Retries of a request: with an Idempotency-Key there is one operation, whatever happens on the way."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from snapshots.api.models import ApiCall
from snapshots.operations.models import Operation, State
from tests.support.api import Script, script_of

RETRIES = 50


@pytest.fixture
def script(desk) -> Script:
    return script_of(desk)


@pytest.fixture
def far_script(far_desk) -> Script:
    return script_of(far_desk)


@pytest.mark.django_db
class TestOneAfterTheOther:
    def test_a_retry_gets_the_same_answer_and_makes_nothing(self, script, desk):
        body = {"server_id": desk.server().server_id, "name": "once"}
        first = script.post("snapshots/", body, Idempotency_Key="a")
        again = script.post("snapshots/", body, Idempotency_Key="a")
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json() == again.json()
        assert Operation.objects.count() == 1

    def test_the_same_answer_after_it_has_ended(self, script, desk, clock):
        body = {"server_id": desk.server().server_id, "name": "once"}
        first = script.post("snapshots/", body, Idempotency_Key="a")
        clock.shift(3600)
        desk.views()
        assert Operation.objects.get().state == State.COMPLETED
        assert script.post("snapshots/", body, Idempotency_Key="a").json() == first.json()

    def test_the_same_answer_after_the_provider_could_not_finish_it(self, script, desk):
        """It was accepted, and the retry must not look like a refusal, after which a script would begin another one."""
        body = {"server_id": desk.server().server_id, "name": "once"}
        first = script.post("snapshots/", body, Idempotency_Key="a")
        Operation.objects.update(state=State.FAILED, code="provider_failed", ended_at=timezone.now())
        again = script.post("snapshots/", body, Idempotency_Key="a")
        assert (again.status_code, again.json()) == (201, first.json())

    def test_without_a_key_each_request_is_another_operation(self, script, desk):
        body = {"server_id": desk.server().server_id, "name": "twice"}
        ids = {script.post("snapshots/", body).json()["id"] for _ in range(2)}
        assert len(ids) == 2

    def test_the_same_key_with_another_body_is_422_and_sends_nothing(self, script, desk):
        body = {"server_id": desk.server().server_id, "name": "one"}
        script.post("snapshots/", body, Idempotency_Key="a")
        answer = script.post("snapshots/", body | {"name": "other"}, Idempotency_Key="a")
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_used")
        assert Operation.objects.count() == 1

    def test_the_same_key_for_another_action_is_422(self, script, desk):
        snapshot = desk.snapshot(desk.server())
        script.post(f"snapshots/{snapshot.id}/restore/", Idempotency_Key="a")
        assert script.delete(f"snapshots/{snapshot.id}/", Idempotency_Key="a").status_code == 422

    def test_another_api_key_has_idempotency_keys_of_its_own(self, script, desk):
        body = {"server_id": desk.server().server_id, "name": "mine"}
        other = script_of(desk, name="other")
        ids = {one.post("snapshots/", body, Idempotency_Key="a").json()["id"] for one in (script, other)}
        assert len(ids) == 2

    def test_a_key_can_be_used_again_after_a_day(self, script, desk, clock):
        view = desk.server()
        script.post("snapshots/", {"server_id": view.server_id, "name": "monday"}, Idempotency_Key="a")
        clock.shift(timedelta(hours=24, seconds=1).total_seconds())
        body = {"server_id": view.server_id, "name": "tuesday"}
        assert script.post("snapshots/", body, Idempotency_Key="a").status_code == 201
        assert ApiCall.objects.count() == 1

    def test_a_delete_that_is_retried_is_204_again(self, script, desk):
        snapshot = desk.snapshot(desk.server())
        statuses = [
            script.delete(f"snapshots/{snapshot.id}/", Idempotency_Key="a").status_code for _ in range(2)
        ]
        assert statuses == [204, 204]

    def test_a_refusal_can_be_retried_when_its_cause_is_gone(self, script, desk):
        view = desk.server("db-server-01")
        body = {"server_id": view.server_id, "name": "after-all"}
        assert script.post("snapshots/", body, Idempotency_Key="a").status_code == 400
        desk.delete(view, desk.snapshot(view))
        assert script.post("snapshots/", body, Idempotency_Key="a").status_code == 201

    def test_a_key_of_too_many_characters_is_400(self, script, desk):
        answer = script.post("snapshots/", {"server_id": 1, "name": "x"}, Idempotency_Key="k" * 256)
        assert answer.status_code == 400


@pytest.mark.django_db(transaction=True)
def test_fifty_parallel_retries_of_one_create_make_one_snapshot(far_script, far_desk, http_sandbox, settings):
    settings.SNAPPORTAL_API_TIMEOUT_SECONDS = (
        20  # fifty threads on a busy machine; after it the answer is 504
    )
    view = far_desk.server()
    body = {"server_id": view.server_id, "name": "of-fifty"}
    start = threading.Barrier(RETRIES)

    def send(_number: int) -> int:
        start.wait()
        try:
            answer = Script(far_script.secret).post("snapshots/", body, Idempotency_Key="a")
            return answer.status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(RETRIES) as pool:
        statuses = set(pool.map(send, range(RETRIES)))
    assert statuses <= {201, 409, 503}  # made; or: ask again, it is being made
    assert 201 in statuses
    writes = [path for method, path in http_sandbox.calls if method == "POST"]
    assert len(writes) == 1
    assert Operation.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("mode", ["reset_after", "reset_before", "garbage"])
def test_an_answer_that_was_lost_is_504_and_never_sent_again(far_script, far_desk, http_sandbox, mode):
    view = far_desk.server()
    http_sandbox.misbehave(mode, method="POST")
    body = {"server_id": view.server_id, "name": "lost"}
    first = far_script.post("snapshots/", body, Idempotency_Key="a")
    assert (first.status_code, first.json()["code"]) == (504, "outcome_unknown")
    assert far_script.get(first.json()["operation"]).json()["state"] in {"unknown", "accepted", "reconciled"}
    http_sandbox.behave()
    again = far_script.post("snapshots/", body, Idempotency_Key="a")
    assert again.status_code in {201, 504}  # 201 as soon as the list shows that it was made
    assert len([path for method, path in http_sandbox.calls if method == "POST"]) == 1


@pytest.mark.django_db(transaction=True)
def test_a_provider_that_cannot_be_reached_is_503_and_nothing_is_sent(far_script, far_desk, http_sandbox):
    view = far_desk.server()
    http_sandbox.misbehave("reset_before", method="GET", times=20)
    answer = far_script.post("snapshots/", {"server_id": view.server_id, "name": "x"})
    assert (answer.status_code, answer.json()["code"]) == (503, "not_confirmed_live")
    assert answer["Retry-After"]
    assert far_script.get("snapshots/").status_code == 503
    assert Operation.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_the_providers_refusal_passes_with_its_status_and_words(far_script, far_desk, http_sandbox):
    view = far_desk.server()
    http_sandbox.misbehave("status", status=400, body='{"detail": "Not today."}', method="POST")
    answer = far_script.post("snapshots/", {"server_id": view.server_id, "name": "x"})
    assert (answer.status_code, answer.json()["detail"]) == (400, "Not today.")


@pytest.mark.django_db(transaction=True)
def test_a_delete_answered_with_404_is_404(far_script, far_desk, http_sandbox):
    snapshot = far_desk.snapshot(far_desk.server())
    http_sandbox.misbehave(
        "status", status=404, body='{"detail": "Snapshot does not exist."}', method="DELETE"
    )
    answer = far_script.delete(f"snapshots/{snapshot.id}/")
    assert (answer.status_code, answer.json()["code"]) == (404, "already_gone")
