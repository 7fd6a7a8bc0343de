"""What a script is told when the portal's database fails, or an answer was lost, and when it becomes known later."""

import pytest
from django.db import OperationalError
from django.utils import timezone

from snapshots.operations import dispatch
from snapshots.operations.models import Finding, Operation, State
from snapshots.sandbox.models import Snapshot
from tests.support.api import Script, make_key, script_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def script(desk) -> Script:
    return script_of(desk)


def fail(*_arguments, **_named):
    raise OperationalError("database is locked")


class TestDatabase:
    def test_after_the_provider_was_called_nobody_is_told_that_nothing_was_sent(
        self, script, desk, monkeypatch
    ):
        made = Snapshot.objects.count()
        monkeypatch.setattr(dispatch, "_matches_request", fail)
        answer = script.post("snapshots/", {"server_id": desk.server().server_id, "name": "x"})
        assert Snapshot.objects.count() == made + 1
        assert (answer.status_code, answer.json()["code"]) == (504, "outcome_unknown")
        operation = Operation.objects.get()
        assert answer.json()["operation"].endswith(f"{operation.pk}/")
        assert operation.state == State.SENT

    def test_nor_while_its_answer_is_looked_for(self, script, desk, monkeypatch):
        monkeypatch.setattr(dispatch, "_matches_request", fail)
        monkeypatch.setattr(Operation, "refresh_from_db", fail)
        answer = script.post("snapshots/", {"server_id": desk.server().server_id, "name": "x"})
        assert (answer.status_code, answer.json()["code"]) == (504, "outcome_unknown")
        assert "operation" in answer.json()

    def test_a_write_that_fails_anywhere_else_may_have_begun(self, script, desk, monkeypatch):
        snapshot = desk.snapshot(desk.server())
        monkeypatch.setattr("snapshots.api.endpoints.jobs.job_items", fail)
        answer = script.post("jobs/", {"kind": "safe_restore", "snapshot_id": snapshot.id})
        assert (answer.status_code, answer.json()["code"]) == (504, "outcome_unknown")
        assert "may have begun" in answer.json()["detail"]


class TestKnownLater:
    @pytest.fixture
    def operation(self, script, desk, monkeypatch) -> Operation:
        """A create whose answer was lost."""
        body = {"server_id": desk.server().server_id, "name": "lost"}
        with monkeypatch.context() as patch:
            patch.setattr(dispatch, "_matches_request", fail)
            assert script.post("snapshots/", body, Idempotency_Key="a").status_code == 504
        self.body = body
        return Operation.objects.get()

    def retry(self, script: Script):
        return script.post("snapshots/", self.body, Idempotency_Key="a")

    def close(self, operation: Operation, finding: Finding, **changes) -> None:
        Operation.objects.filter(pk=operation.pk).update(
            state=State.RECONCILED, finding=finding, ended_at=timezone.now(), **changes
        )

    def test_it_happened(self, script, operation):
        self.close(operation, Finding.HAPPENED, snapshot_id=801)
        answer = self.retry(script)
        assert (answer.status_code, answer.json()["id"]) == (201, 801)

    def test_a_person_says_that_it_happened_but_not_which_one_it_is(self, script, operation):
        self.close(operation, Finding.HAPPENED, snapshot_id=None)
        answer = self.retry(script)
        assert (answer.status_code, answer.json()["code"]) == (409, "resolved_by_hand")

    def test_it_did_not_happen(self, script, operation):
        self.close(operation, Finding.NOT_HAPPENED)
        answer = self.retry(script)
        assert (answer.status_code, answer.json()["code"]) == (409, "did_not_happen")

    def test_nobody_could_tell(self, script, operation):
        self.close(operation, Finding.UNDECIDED)
        assert self.retry(script).status_code == 504
        assert Operation.objects.count() == 1


@pytest.mark.django_db(transaction=True)
class TestProvider:
    @pytest.fixture
    def far_script(self, far_desk) -> Script:
        return script_of(far_desk)

    def test_its_wait_is_passed_on_by_every_write(self, far_script, far_desk, http_sandbox):
        view = far_desk.server()
        http_sandbox.misbehave("rate_limit", retry_after=17, method="POST")
        body = {"server_id": view.server_id, "name": "x"}
        answer = far_script.post("snapshots/", body)
        assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
        assert int(answer["Retry-After"]) in range(14, 19)
        answer = far_script.post("snapshots/", body)
        assert (answer.status_code, answer.json()["code"]) == (503, "told_to_wait")
        assert int(answer["Retry-After"]) in range(14, 19)

    @pytest.mark.parametrize(
        ("status", "code"),
        [(401, "provider_token_refused"), (403, "provider_forbidden"), (418, "provider_refused")],
    )
    def test_its_refusals_are_not_taken_for_the_portals(
        self, far_script, far_desk, http_sandbox, status, code
    ):
        view = far_desk.server()
        http_sandbox.misbehave("status", status=status, body='{"detail": "No."}', method="POST")
        answer = far_script.post("snapshots/", {"server_id": view.server_id, "name": "x"})
        assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (status, code, "No.")


def test_a_key_that_may_change_something_sees_what_became_of_it(desk):
    key, secret = make_key(desk.user, desk.token, rights=["snapshots.create"])
    assert key.rights == ["snapshots.see", "snapshots.create"]
    answer = Script(secret).post("snapshots/", {"server_id": desk.server().server_id, "name": "x"})
    assert Script(secret).get(answer["X-Operation"]).status_code == 200
