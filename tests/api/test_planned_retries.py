"""A retry of what had to wait, for a grace time or for approval, tells what has become of it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from snapshots.approvals import deciding
from snapshots.approvals.models import ApprovalRequest
from snapshots.approvals.models import State as RequestState
from snapshots.deletions import due, keeping
from snapshots.deletions.models import PlannedDeletion, State
from snapshots.operations.models import Operation
from snapshots.operations.models import State as OperationState
from snapshots.sandbox.models import Snapshot as SandboxSnapshot
from tests.support.api import Script, script_of
from tests.support.deletions import put_grace
from tests.support.policies import actor, only, place

pytestmark = pytest.mark.django_db


class Retried:
    """A DELETE with an Idempotency-Key, sent as often as it is called."""

    def __init__(self, desk) -> None:
        view = desk.server()
        put_grace(view, 1)
        self.script, self.snapshot = script_of(desk), desk.snapshot(view)
        self.path = f"snapshots/{self.snapshot.id}/"

    def __call__(self):
        return self.script.delete(self.path, Idempotency_Key="a")

    @property
    def planned(self) -> PlannedDeletion:
        return PlannedDeletion.objects.get()


@pytest.fixture
def delete(desk) -> Retried:
    found = Retried(desk)
    assert (found().status_code, found().json()["code"]) == (202, "deletion_planned")
    return found


def fall_due() -> None:
    """Earlier than it would: an Idempotency-Key means the same for a day."""
    PlannedDeletion.objects.update(due_at=timezone.now())
    due.run_due()


class TestGraceTime:
    def test_it_is_planned_while_it_waits(self, delete):
        assert delete().json() == delete().json()
        assert PlannedDeletion.objects.count() == 1

    def test_one_that_was_called_back_is_409(self, delete, desk):
        keeping.keep(actor=desk.actor, planned=delete.planned)
        answer = delete()
        assert (answer.status_code, answer.json()["code"]) == (409, "deletion_kept")
        assert answer.json()["deletion"] == reverse("deletion_detail", args=[delete.planned.pk])
        assert "kept" in answer.json()["detail"]
        assert not Operation.objects.exists()

    def test_one_that_was_carried_out_is_204(self, delete):
        fall_due()
        answer = delete()
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer["X-Operation"] == reverse("api_operation", args=[Operation.objects.get().pk])
        PlannedDeletion.objects.update(state=State.DONE)
        assert delete().status_code == 204

    def test_one_of_which_somebody_did_not_wait_for_the_end_is_204(self, delete):
        now = {"delete_now": True, "reason": "full disk"}
        assert delete.script.delete(delete.path, now).status_code == 204
        assert delete().status_code == 204

    def test_one_that_was_refused_is_409_and_says_why(self, delete):
        SandboxSnapshot.objects.filter(pk=delete.snapshot.id).update(description="another one")
        fall_due()
        assert delete.planned.state == State.REFUSED
        answer = delete()
        assert (answer.status_code, answer.json()["code"]) == (409, "deletion_refused")
        assert answer.json()["refusal"] == "snapshot_changed"
        assert "changed" in answer.json()["detail"]

    def test_one_that_failed_has_the_providers_answer(self, delete):
        fall_due()
        failed = {"state": OperationState.FAILED, "provider_status": 400, "provider_message": "Not today."}
        Operation.objects.update(accepted_at=None, code="refused", **failed)
        PlannedDeletion.objects.update(state=State.FAILED)
        answer = delete()
        assert (answer.status_code, answer.json()["code"]) == (400, "provider_refused")
        assert answer.json()["detail"] == "Not today."

    def test_one_whose_outcome_is_not_known_is_504(self, delete):
        fall_due()
        Operation.objects.update(accepted_at=None, state=OperationState.UNKNOWN)
        answer = delete()
        assert (answer.status_code, answer.json()["code"]) == (504, "outcome_unknown")

    def test_one_that_did_not_leave_the_portal_is_planned(self, delete):
        """Its deletion is tried again."""
        fall_due()
        Operation.objects.update(accepted_at=None, state=OperationState.FAILED, code="unreachable")
        assert (delete().status_code, delete().json()["code"]) == (202, "deletion_planned")
        due.run_due()
        assert delete.planned.state == State.WAITING
        assert (delete().status_code, delete().json()["code"]) == (202, "deletion_planned")

    def test_another_idempotency_key_plans_it_again(self, delete, desk):
        keeping.keep(actor=desk.actor, planned=delete.planned)
        again = delete.script.delete(delete.path, Idempotency_Key="b")
        assert (again.status_code, again.json()["code"]) == (202, "deletion_planned")
        assert PlannedDeletion.objects.count() == 2


class TestApproval:
    @pytest.fixture(params=["restore", "delete", "job"])
    def send(self, request, cast, desk):
        view = desk.server()
        place(cast.ada, view)
        script, number = script_of(desk), desk.snapshot(view).id
        send = {
            "restore": lambda: script.post(f"snapshots/{number}/restore/", Idempotency_Key="a"),
            "delete": lambda: script.delete(f"snapshots/{number}/", Idempotency_Key="a"),
            "job": lambda: self.begin_job(script, number),
        }[request.param]
        assert (send().status_code, send().json()["code"]) == (202, "approval_needed")
        return send

    def begin_job(self, script: Script, number: int):
        return script.post("jobs/", {"kind": "safe_restore", "snapshot_id": number}, Idempotency_Key="a")

    def check_over(self, send, state: RequestState) -> None:
        answer = send()
        assert (answer.status_code, answer.json()["code"]) == (409, "request_over")
        assert answer.json()["state"] == state
        assert answer.json()["request"] == reverse("api_request", args=[only().pk])
        assert ApprovalRequest.objects.count() == 1

    def test_one_that_was_denied_or_withdrawn(self, send, cast, desk):
        deciding.deny(actor=actor(cast.ada), pk=only().pk, reason="not today")
        self.check_over(send, RequestState.DENIED)
        ApprovalRequest.objects.update(state=RequestState.WITHDRAWN)
        self.check_over(send, RequestState.WITHDRAWN)
        ApprovalRequest.objects.update(state=RequestState.VOID)
        self.check_over(send, RequestState.VOID)

    def test_one_whose_time_is_over_also_before_the_worker_has_seen_it(self, send):
        ApprovalRequest.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        self.check_over(send, RequestState.EXPIRED)
        deciding.run_due()
        self.check_over(send, RequestState.EXPIRED)

    def test_one_that_is_approved_and_could_not_begin_yet_still_waits(self, send):
        ApprovalRequest.objects.update(state=RequestState.APPROVED)
        assert (send().status_code, send().json()["code"]) == (202, "approval_needed")
