"""A delete is completed when a list that was read after it no longer shows the snapshot, whatever the answer was."""

import pytest
from django.utils import timezone

from snapshots.operations import attention
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action, Finding, State
from snapshots.operations.reconciliation import reconcile
from tests.support.evidence import later, logged_results, observe, open_operation

pytestmark = pytest.mark.django_db


def test_the_absence_of_the_snapshot_proves_the_delete(desk):
    operation = open_operation(desk, Action.DELETE)
    reconcile(observe(desk, operation, status="active"))
    operation.refresh_from_db()
    assert (operation.state, operation.finding) == (State.RECONCILED, Finding.HAPPENED)
    assert "Observed absent" in operation.evidence


def test_a_list_that_may_be_incomplete_does_not_prove_a_delete(desk):
    operation = open_operation(desk, Action.DELETE)
    assert reconcile(observe(desk, operation, status="active", whole=False)) == 0


def test_a_token_that_no_longer_shows_the_server_does_not_prove_a_delete(desk):
    operation = open_operation(desk, Action.DELETE)
    assert reconcile(observe(desk, operation)) == 0


def test_an_accepted_delete_is_completed_when_the_snapshot_is_absent(desk):
    operation = open_operation(desk, Action.DELETE, state=State.ACCEPTED, accepted_at=timezone.now())
    reconcile(observe(desk, operation, status="active"))
    operation.refresh_from_db()
    assert operation.state == State.COMPLETED


# --- Different answers, and lists that still show the snapshot ------------------------------------------------------


def delete(desk, name: str = "web"):
    view = desk.server(name)
    return desk.delete(view, desk.snapshot(view))


def state_after_reading(desk, operation) -> tuple[str, str]:
    desk.views()
    operation.refresh_from_db()
    return operation.state, operation.code


@pytest.mark.parametrize("reads", ["fine", "no servers", "no count"])
def test_a_delete_answered_with_204_is_completed_by_the_next_reading(imaginary_desk, imaginary, reads):
    """Also for the last snapshot of a server without a servers list, and for a list without a count."""
    imaginary.reads = reads
    operation = delete(imaginary_desk)
    assert operation.state == State.ACCEPTED
    assert state_after_reading(imaginary_desk, operation) == (State.COMPLETED, "")
    assert operation.evidence


def test_without_a_204_only_a_complete_list_completes_the_delete(imaginary_desk, imaginary):
    imaginary.reads = "no count"
    view = imaginary_desk.server("web")
    imaginary.say(202, {"status": "success"}, done=True)
    operation = imaginary_desk.delete(view, imaginary_desk.snapshot(view))
    assert state_after_reading(imaginary_desk, operation) == (State.ACCEPTED, "")
    imaginary.reads = "fine"
    assert state_after_reading(imaginary_desk, operation) == (State.COMPLETED, "")


def test_while_the_snapshot_is_still_listed_it_can_be_neither_deleted_nor_restored(imaginary_desk, imaginary):
    imaginary.lags = True
    operation = delete(imaginary_desk)
    assert state_after_reading(imaginary_desk, operation) == (State.ACCEPTED, "")
    view = imaginary_desk.server("web")
    snapshot = imaginary_desk.snapshot(view)
    assert view.deleted_ids == {snapshot.id}
    for act in (imaginary_desk.delete, imaginary_desk.restore):
        with pytest.raises(OperationRefusedError, match="snapshot_deleting"):
            act(view, snapshot)
    imaginary.lags = False
    assert state_after_reading(imaginary_desk, operation) == (State.COMPLETED, "")


def test_a_deleted_snapshot_that_an_outdated_list_shows_again_counts_as_deleted(imaginary_desk, imaginary):
    operation = delete(imaginary_desk)
    assert state_after_reading(imaginary_desk, operation) == (State.COMPLETED, "")
    imaginary.lags = True
    view = imaginary_desk.server("web")
    assert view.deleted_ids == {operation.snapshot_id}
    assert view.is_moving


def test_a_delete_whose_snapshot_stays_listed_becomes_unknown_and_needs_attention(imaginary_desk, imaginary):
    view = imaginary_desk.server("web")
    imaginary.say(204, b"")
    operation = imaginary_desk.delete(view, imaginary_desk.snapshot(view))
    with later(minutes=4):
        assert state_after_reading(imaginary_desk, operation) == (State.ACCEPTED, "")
        assert attention.needing_attention(imaginary_desk.user) == []
    with later(minutes=6):
        assert attention.needing_attention(imaginary_desk.user) == [operation]
        assert state_after_reading(imaginary_desk, operation) == (State.UNKNOWN, "still_listed")
        assert imaginary_desk.server("web").deleted_ids == frozenset()
        assert attention.needing_attention(imaginary_desk.user) == [operation]
    assert "HTTP 204, but still lists snapshot" in operation.evidence
    assert logged_results(operation) == ["pending", "accepted", "unknown"]


def test_a_snapshot_with_the_status_deleting_keeps_the_delete_accepted(imaginary_desk, imaginary):
    view = imaginary_desk.server("web")
    snapshot = imaginary_desk.snapshot(view)
    imaginary.say(204, b"")
    operation = imaginary_desk.delete(view, snapshot)
    imaginary.changes[snapshot.id] = {"status": "Deleting"}
    with later(minutes=6):
        assert state_after_reading(imaginary_desk, operation) == (State.ACCEPTED, "")


@pytest.mark.parametrize("status", [404, 410])
def test_a_delete_answered_with_404_is_reconciled_as_already_gone_when_the_list_agrees(
    imaginary_desk, imaginary, status
):
    view = imaginary_desk.server("web")
    snapshot = imaginary_desk.snapshot(view)
    confirmation = imaginary_desk.confirm(Action.DELETE, view, snapshot)
    imaginary.say(status, {"detail": "Not found."})
    operation = imaginary_desk.delete(view, snapshot, confirmation)
    assert (operation.state, operation.code) == (State.UNKNOWN, "already_gone")
    imaginary.delete(snapshot.id)
    assert state_after_reading(imaginary_desk, operation) == (State.RECONCILED, "already_gone")
    assert operation.finding == Finding.HAPPENED
    assert logged_results(operation) == ["pending", "unknown", "reconciled"]


@pytest.mark.parametrize("reads", ["no count", "down"])
def test_a_404_proves_nothing_without_a_complete_list(imaginary_desk, imaginary, reads):
    view = imaginary_desk.server("web")
    snapshot = imaginary_desk.snapshot(view)
    imaginary.mode = "too late"
    operation = imaginary_desk.delete(view, snapshot)
    imaginary.reads = reads
    assert state_after_reading(imaginary_desk, operation) == (State.UNKNOWN, "already_gone")


def test_a_delete_answered_with_404_did_not_happen_if_the_snapshot_stays_listed(imaginary_desk, imaginary):
    view = imaginary_desk.server("web")
    imaginary.mode = "404"
    operation = imaginary_desk.delete(view, imaginary_desk.snapshot(view))
    with later(minutes=4):
        assert state_after_reading(imaginary_desk, operation) == (State.UNKNOWN, "already_gone")
    with later(minutes=6):
        assert state_after_reading(imaginary_desk, operation) == (State.RECONCILED, "already_gone")
        assert imaginary_desk.server("web").deleted_ids == frozenset()
    assert operation.finding == Finding.NOT_HAPPENED


def test_an_answer_about_another_snapshot_makes_the_delete_unknown(imaginary_desk, imaginary):
    view = imaginary_desk.server("web")
    imaginary.say(200, {"status": "success", "snapshot": {"id": 4711}})
    operation = imaginary_desk.delete(view, imaginary_desk.snapshot(view))
    assert (operation.state, operation.code) == (State.UNKNOWN, "other_answer")
