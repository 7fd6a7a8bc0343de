"""A delete is done when a list read after it no longer shows the snapshot, whatever the provider answered."""

import pytest
from django.utils import timezone

from snapshots.operations import attention
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action, Finding, State
from snapshots.operations.reconciliation import reconcile
from tests.support.evidence import later, observe, open_operation, told

pytestmark = pytest.mark.django_db


def test_an_absent_snapshot_proves_the_delete(desk):
    operation = open_operation(desk, Action.DELETE)
    reconcile(observe(desk, operation, status="active"))
    operation.refresh_from_db()
    assert (operation.state, operation.finding) == (State.RECONCILED, Finding.HAPPENED)
    assert "Observed absent" in operation.evidence


def test_a_list_that_may_not_be_whole_proves_no_absence(desk):
    operation = open_operation(desk, Action.DELETE)
    assert reconcile(observe(desk, operation, status="active", whole=False)) == 0


def test_a_token_that_no_longer_shows_the_server_proves_no_absence(desk):
    operation = open_operation(desk, Action.DELETE)
    assert reconcile(observe(desk, operation)) == 0


def test_a_delete_that_was_only_accepted_is_done_when_the_snapshot_is_absent(desk):
    operation = open_operation(desk, Action.DELETE, state=State.ACCEPTED, accepted_at=timezone.now())
    reconcile(observe(desk, operation, status="active"))
    operation.refresh_from_db()
    assert operation.state == State.COMPLETED


# --- What the provider answers, and what its list goes on showing ---------------------------------------------------


def delete(desk, name: str = "web"):
    view = desk.server(name)
    return desk.delete(view, desk.snapshot(view))


def look(desk, operation) -> tuple[str, str]:
    desk.views()
    operation.refresh_from_db()
    return operation.state, operation.code


@pytest.mark.parametrize("reads", ["fine", "no servers", "no count"])
def test_a_delete_answered_with_204_is_done_at_the_first_look(imaginary_desk, imaginary, reads):
    """Also the last snapshot of a server that no servers list names, and with a list that does not tell its length."""
    imaginary.reads = reads
    operation = delete(imaginary_desk)
    assert operation.state == State.ACCEPTED
    assert look(imaginary_desk, operation) == (State.COMPLETED, "")
    assert operation.evidence


def test_without_a_204_the_list_must_be_whole(imaginary_desk, imaginary):
    imaginary.reads = "no count"
    view = imaginary_desk.server("web")
    imaginary.say(202, {"status": "success"}, done=True)
    operation = imaginary_desk.delete(view, imaginary_desk.snapshot(view))
    assert look(imaginary_desk, operation) == (State.ACCEPTED, "")
    imaginary.reads = "fine"
    assert look(imaginary_desk, operation) == (State.COMPLETED, "")


def test_while_the_list_still_shows_it_the_delete_goes_on_and_nothing_is_done_with_the_snapshot(
    imaginary_desk, imaginary
):
    imaginary.lags = True
    operation = delete(imaginary_desk)
    assert look(imaginary_desk, operation) == (State.ACCEPTED, "")
    view = imaginary_desk.server("web")
    snapshot = imaginary_desk.snapshot(view)
    assert view.deleted_ids == {snapshot.id}
    for act in (imaginary_desk.delete, imaginary_desk.restore):
        with pytest.raises(OperationRefusedError, match="snapshot_deleting"):
            act(view, snapshot)
    imaginary.lags = False
    assert look(imaginary_desk, operation) == (State.COMPLETED, "")


def test_what_an_older_list_shows_again_is_still_deleted(imaginary_desk, imaginary):
    operation = delete(imaginary_desk)
    assert look(imaginary_desk, operation) == (State.COMPLETED, "")
    imaginary.lags = True
    view = imaginary_desk.server("web")
    assert view.deleted_ids == {operation.snapshot_id}
    assert view.is_moving


def test_what_the_list_goes_on_showing_was_not_deleted_as_far_as_anybody_knows(imaginary_desk, imaginary):
    view = imaginary_desk.server("web")
    imaginary.say(204, b"")
    operation = imaginary_desk.delete(view, imaginary_desk.snapshot(view))
    with later(minutes=4):
        assert look(imaginary_desk, operation) == (State.ACCEPTED, "")
        assert attention.needing_attention(imaginary_desk.user) == []
    with later(minutes=6):
        assert attention.needing_attention(imaginary_desk.user) == [operation]
        assert look(imaginary_desk, operation) == (State.UNKNOWN, "still_listed")
        assert imaginary_desk.server("web").deleted_ids == frozenset()
        assert attention.needing_attention(imaginary_desk.user) == [operation]
    assert "HTTP 204, but still lists snapshot" in operation.evidence
    assert told(operation) == ["pending", "accepted", "unknown"]


def test_what_the_list_calls_deleting_is_waited_for(imaginary_desk, imaginary):
    view = imaginary_desk.server("web")
    snapshot = imaginary_desk.snapshot(view)
    imaginary.say(204, b"")
    operation = imaginary_desk.delete(view, snapshot)
    imaginary.changes[snapshot.id] = {"status": "Deleting"}
    with later(minutes=6):
        assert look(imaginary_desk, operation) == (State.ACCEPTED, "")


@pytest.mark.parametrize("status", [404, 410])
def test_a_snapshot_that_somebody_else_deleted_first_was_gone_already(imaginary_desk, imaginary, status):
    view = imaginary_desk.server("web")
    snapshot = imaginary_desk.snapshot(view)
    confirmation = imaginary_desk.confirm(Action.DELETE, view, snapshot)
    imaginary.say(status, {"detail": "Not found."})
    operation = imaginary_desk.delete(view, snapshot, confirmation)
    assert (operation.state, operation.code) == (State.UNKNOWN, "already_gone")
    imaginary.delete(snapshot.id)
    assert look(imaginary_desk, operation) == (State.RECONCILED, "already_gone")
    assert operation.finding == Finding.HAPPENED
    assert told(operation) == ["pending", "unknown", "reconciled"]


@pytest.mark.parametrize("reads", ["no count", "down"])
def test_a_404_is_no_proof_without_a_whole_list(imaginary_desk, imaginary, reads):
    view = imaginary_desk.server("web")
    snapshot = imaginary_desk.snapshot(view)
    imaginary.mode = "too late"
    operation = imaginary_desk.delete(view, snapshot)
    imaginary.reads = reads
    assert look(imaginary_desk, operation) == (State.UNKNOWN, "already_gone")


def test_a_404_for_a_snapshot_that_stays_listed_means_that_this_request_did_not_delete_it(
    imaginary_desk, imaginary
):
    view = imaginary_desk.server("web")
    imaginary.mode = "404"
    operation = imaginary_desk.delete(view, imaginary_desk.snapshot(view))
    with later(minutes=4):
        assert look(imaginary_desk, operation) == (State.UNKNOWN, "already_gone")
    with later(minutes=6):
        assert look(imaginary_desk, operation) == (State.RECONCILED, "already_gone")
        assert imaginary_desk.server("web").deleted_ids == frozenset()
    assert operation.finding == Finding.NOT_HAPPENED


def test_an_answer_about_another_snapshot_is_no_answer(imaginary_desk, imaginary):
    view = imaginary_desk.server("web")
    imaginary.say(200, {"status": "success", "snapshot": {"id": 4711}})
    operation = imaginary_desk.delete(view, imaginary_desk.snapshot(view))
    assert (operation.state, operation.code) == (State.UNKNOWN, "other_answer")
