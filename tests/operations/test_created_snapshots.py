"""A create ends with its own snapshot, which is new and has the requested server and name."""

from datetime import timedelta

import pytest
from django.utils import timezone

from snapshots.audit.models import Entry
from snapshots.contract import ServerRef
from snapshots.operations.models import State
from snapshots.operations.reconciliation import reconcile
from tests.support.evidence import created_snapshot, later, logged_results, lost_create, observe

pytestmark = pytest.mark.django_db


def test_a_create_completes_when_the_list_shows_its_snapshot_completed(desk, settings):
    settings.SNAPPORTAL_SANDBOX_SPEED = 1
    operation = desk.create(desk.server())
    desk.views()
    operation.refresh_from_db()
    assert operation.state == State.ACCEPTED
    with later(minutes=11):
        desk.views()
    operation.refresh_from_db()
    assert operation.state == State.COMPLETED
    assert logged_results(operation) == ["pending", "accepted", "completed"]


def test_a_create_whose_snapshot_fails_at_the_provider_is_failed(desk, settings):
    settings.SNAPPORTAL_SANDBOX_SPEED = 1
    operation = desk.create(desk.server(), description="fail-please")
    with later(minutes=11):
        desk.views()
    operation.refresh_from_db()
    assert (operation.state, operation.code) == (State.FAILED, "provider_failed")


def test_an_unknown_create_is_reconciled_by_its_completed_snapshot(desk):
    operation = lost_create(desk)
    assert (
        reconcile(observe(desk, operation, snapshots=[created_snapshot(operation, status="completed")])) == 1
    )
    operation.refresh_from_db()
    assert (operation.state, operation.snapshot_id) == (State.RECONCILED, 9001)


@pytest.mark.parametrize("status", ["in_progress", "Pending", "reticulating", ""])
def test_an_unknown_create_whose_snapshot_is_not_completed_becomes_accepted(desk, status):
    operation = lost_create(desk, code="deadline")
    assert reconcile(observe(desk, operation, snapshots=[created_snapshot(operation, status=status)])) == 1
    operation.refresh_from_db()
    assert (operation.state, operation.snapshot_id, operation.code) == (State.ACCEPTED, 9001, "")
    assert "was not there before" in operation.evidence


@pytest.mark.parametrize(
    ("end", "state", "code"),
    [("completed", State.COMPLETED, ""), ("failed", State.FAILED, "provider_failed")],
)
def test_an_unknown_create_found_in_progress_ends_as_its_snapshot_ends(desk, end, state, code):
    operation = lost_create(desk)
    reconcile(observe(desk, operation, snapshots=[created_snapshot(operation)]))
    with later(seconds=20):
        reconcile(observe(desk, operation, snapshots=[created_snapshot(operation, status=end)]))
    operation.refresh_from_db()
    assert (operation.state, operation.code) == (state, code)
    assert logged_results(operation) == ["accepted", state]
    evidence = Entry.objects.filter(operation_id=operation.pk).order_by("sequence")
    assert ["was not there before" in row.evidence for row in evidence] == [True, False]


def test_an_unknown_create_whose_snapshot_has_failed_is_failed(desk):
    operation = lost_create(desk)
    reconcile(observe(desk, operation, snapshots=[created_snapshot(operation, status="error")]))
    operation.refresh_from_db()
    assert (operation.state, operation.code, operation.snapshot_id) == (State.FAILED, "provider_failed", 9001)
    assert logged_results(operation) == ["accepted", "failed"]


@pytest.mark.parametrize(
    "changes",
    [
        {"id": 7},
        {"name": "another"},
        {"server": ServerRef(99, "elsewhere")},
        {"created_at": timezone.now() - timedelta(hours=1)},
        {"created_at": None},
    ],
    ids=["known before", "another name", "another server", "older", "without a time"],
)
def test_a_snapshot_that_does_not_match_the_create_proves_nothing(desk, changes):
    operation = lost_create(desk)
    assert reconcile(observe(desk, operation, snapshots=[created_snapshot(operation, **changes)])) == 0


def test_a_snapshot_of_another_operation_proves_nothing(desk):
    operation = lost_create(desk)
    lost_create(desk, idempotency_key="other", state=State.COMPLETED, snapshot_id=9001)
    assert reconcile(observe(desk, operation, snapshots=[created_snapshot(operation)])) == 0


@pytest.mark.parametrize("state", [State.SENT, State.UNKNOWN])
def test_a_matching_create_with_another_token_leaves_the_create_unknown(desk, state):
    operation = lost_create(desk)
    lost_create(desk, idempotency_key="other", state=state, token_fingerprint="e" * 64)
    assert reconcile(observe(desk, operation, snapshots=[created_snapshot(operation)])) == 0


# --- The snapshot in the provider's answer -------------------------------------------------------------------------------


def state_of(operation) -> tuple[str, str]:
    operation.refresh_from_db()
    return operation.state, operation.code


def known_id(provider, server_id: int) -> int:
    return next(number for number, one in provider.snapshots.items() if one["server_id"] == server_id)


@pytest.mark.parametrize("owner_id", [7, 8], ids=["of the same server", "of another server"])
def test_an_answer_with_an_id_that_was_listed_before_is_unknown(imaginary_desk, imaginary, owner_id):
    view = imaginary_desk.server("db")
    known = {"id": known_id(imaginary, owner_id), "server": {"id": 8, "name": "db"}, "name": "before-change"}
    imaginary.say(201, known | {"status": "in_progress"})
    operation = imaginary_desk.create(view)
    assert state_of(operation) == (State.UNKNOWN, "other_answer")
    imaginary_desk.views()
    assert state_of(operation) == (State.UNKNOWN, "other_answer")
    assert operation.snapshot_id is None


@pytest.mark.parametrize(
    "changes",
    [{"server": {"id": 7, "name": "web"}}, {"name": "another"}, {"server": {"id": 7}, "status": "completed"}],
)
def test_an_answer_about_another_server_or_name_is_unknown(imaginary_desk, imaginary, changes):
    view = imaginary_desk.server("db")
    answer = {"id": 900, "server": {"id": 8, "name": "db"}, "name": "before-change", "status": "in_progress"}
    imaginary.say(201, answer | changes)
    assert state_of(imaginary_desk.create(view)) == (State.UNKNOWN, "other_answer")


def test_one_snapshot_is_not_assigned_to_two_creates(imaginary_desk, imaginary):
    """The list does not show the first create's snapshot yet, so only its operation has the id."""
    answer = {"id": 900, "server": {"id": 8, "name": "db"}, "name": "before-change", "status": "in_progress"}
    imaginary.say(201, answer)
    first = imaginary_desk.create(imaginary_desk.server("db"))
    imaginary.say(201, answer)
    second = imaginary_desk.create(imaginary_desk.server("db"))
    assert (first.state, second.state, second.code) == (State.ACCEPTED, State.UNKNOWN, "other_answer")


@pytest.mark.parametrize(
    "changes",
    [{"server": {"id": 7, "name": "web"}}, {"name": "another"}],
    ids=["of another server", "of another name"],
)
def test_a_create_is_unknown_if_the_list_shows_its_snapshot_with_another_server_or_name(
    imaginary_desk, imaginary, changes
):
    operation = imaginary_desk.create(imaginary_desk.server("db"))
    number = operation.snapshot_id
    imaginary.changes[number] = changes | {"status": "completed"}
    imaginary_desk.views()
    assert state_of(operation) == (State.UNKNOWN, "other_snapshot")
    assert operation.snapshot_id is None
    assert f"The provider named snapshot {number}, but lists it" in operation.evidence
    assert logged_results(operation) == ["pending", "accepted", "unknown"]


def test_an_answer_with_a_completed_snapshot_completes_the_create_only_when_the_list_agrees(
    imaginary_desk, imaginary
):
    view = imaginary_desk.server("db")
    answer = {"id": imaginary.next_id + 1, "server": {"id": 8, "name": "db"}, "name": "before-change"}
    imaginary.say(201, answer | {"status": "completed"}, done=True)
    operation = imaginary_desk.create(view)
    imaginary_desk.views()
    assert state_of(operation) == (State.ACCEPTED, "")
    with later(minutes=6):
        imaginary_desk.views()
    assert state_of(operation) == (State.COMPLETED, "")


@pytest.mark.parametrize("status", ["failed", "Error"])
def test_an_answer_with_a_failed_snapshot_makes_the_create_failed(imaginary_desk, imaginary, status):
    view = imaginary_desk.server("db")
    answer = {"id": 900, "server": {"id": 8, "name": "db"}, "name": "before-change", "status": status}
    imaginary.say(201, answer | {"message": "No space left"})
    operation = imaginary_desk.create(view)
    assert state_of(operation) == (State.FAILED, "provider_failed")
    assert operation.provider_message == "No space left"
    assert Entry.objects.get(operation_id=operation.pk, phase="outcome").evidence
