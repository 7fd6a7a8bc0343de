"""A create is followed by its own snapshot: of the same server, of the same name, and new."""

from datetime import timedelta

import pytest
from django.utils import timezone

from snapshots.audit.models import Entry
from snapshots.contract import ServerRef
from snapshots.operations.models import State
from snapshots.operations.reconciliation import reconcile
from tests.support.evidence import later, lost_create, made, observe, told

pytestmark = pytest.mark.django_db


def test_a_create_completes_when_the_list_says_so(desk, settings):
    settings.SNAPPORTAL_SANDBOX_SPEED = 1
    operation = desk.create(desk.server())
    desk.views()
    operation.refresh_from_db()
    assert operation.state == State.ACCEPTED
    with later(minutes=11):
        desk.views()
    operation.refresh_from_db()
    assert operation.state == State.COMPLETED
    assert told(operation) == ["pending", "accepted", "completed"]


def test_a_create_that_fails_at_the_provider_is_failed(desk, settings):
    settings.SNAPPORTAL_SANDBOX_SPEED = 1
    operation = desk.create(desk.server(), description="fail-please")
    with later(minutes=11):
        desk.views()
    operation.refresh_from_db()
    assert (operation.state, operation.code) == (State.FAILED, "provider_failed")


def test_a_lost_create_is_resolved_by_its_completed_snapshot(desk):
    operation = lost_create(desk)
    assert reconcile(observe(desk, operation, snapshots=[made(operation, status="completed")])) == 1
    operation.refresh_from_db()
    assert (operation.state, operation.snapshot_id) == (State.RECONCILED, 9001)


@pytest.mark.parametrize("status", ["in_progress", "Pending", "reticulating", ""])
def test_a_lost_create_whose_snapshot_is_not_completed_is_followed(desk, status):
    operation = lost_create(desk, code="deadline")
    assert reconcile(observe(desk, operation, snapshots=[made(operation, status=status)])) == 1
    operation.refresh_from_db()
    assert (operation.state, operation.snapshot_id, operation.code) == (State.ACCEPTED, 9001, "")
    assert "was not there before" in operation.evidence


@pytest.mark.parametrize(
    ("end", "state", "code"),
    [("completed", State.COMPLETED, ""), ("failed", State.FAILED, "provider_failed")],
)
def test_a_lost_create_that_was_found_in_progress_ends_as_its_snapshot_ends(desk, end, state, code):
    operation = lost_create(desk)
    reconcile(observe(desk, operation, snapshots=[made(operation)]))
    with later(seconds=20):
        reconcile(observe(desk, operation, snapshots=[made(operation, status=end)]))
    operation.refresh_from_db()
    assert (operation.state, operation.code) == (state, code)
    assert told(operation) == ["accepted", state]
    evidence = Entry.objects.filter(operation_id=operation.pk).order_by("sequence")
    assert ["was not there before" in row.evidence for row in evidence] == [True, False]


def test_a_lost_create_whose_snapshot_is_found_failed_is_failed(desk):
    operation = lost_create(desk)
    reconcile(observe(desk, operation, snapshots=[made(operation, status="error")]))
    operation.refresh_from_db()
    assert (operation.state, operation.code, operation.snapshot_id) == (State.FAILED, "provider_failed", 9001)
    assert told(operation) == ["accepted", "failed"]


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
def test_a_snapshot_that_need_not_be_it_proves_nothing(desk, changes):
    operation = lost_create(desk)
    assert reconcile(observe(desk, operation, snapshots=[made(operation, **changes)])) == 0


def test_a_snapshot_that_another_operation_made_proves_nothing(desk):
    operation = lost_create(desk)
    lost_create(desk, idempotency_key="other", state=State.COMPLETED, snapshot_id=9001)
    assert reconcile(observe(desk, operation, snapshots=[made(operation)])) == 0


@pytest.mark.parametrize("state", [State.SENT, State.UNKNOWN])
def test_a_rival_with_another_token_makes_it_undecided(desk, state):
    operation = lost_create(desk)
    lost_create(desk, idempotency_key="other", state=state, token_fingerprint="e" * 64)
    assert reconcile(observe(desk, operation, snapshots=[made(operation)])) == 0


# --- What the provider's answer names -------------------------------------------------------------------------------


def state_of(operation) -> tuple[str, str]:
    operation.refresh_from_db()
    return operation.state, operation.code


def known_id(provider, server_id: int) -> int:
    return next(number for number, one in provider.snapshots.items() if one["server_id"] == server_id)


@pytest.mark.parametrize("owner_id", [7, 8], ids=["of the same server", "of another server"])
def test_an_id_that_was_listed_before_is_not_the_new_snapshot(imaginary_desk, imaginary, owner_id):
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
def test_an_answer_about_another_server_or_name_is_not_about_this_create(imaginary_desk, imaginary, changes):
    view = imaginary_desk.server("db")
    answer = {"id": 900, "server": {"id": 8, "name": "db"}, "name": "before-change", "status": "in_progress"}
    imaginary.say(201, answer | changes)
    assert state_of(imaginary_desk.create(view)) == (State.UNKNOWN, "other_answer")


def test_two_creates_are_not_followed_by_one_snapshot(imaginary_desk, imaginary):
    """The list did not show the first one's snapshot yet, so that only its operation knows it."""
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
def test_a_snapshot_that_the_list_shows_to_be_another_does_not_complete_the_create(
    imaginary_desk, imaginary, changes
):
    operation = imaginary_desk.create(imaginary_desk.server("db"))
    number = operation.snapshot_id
    imaginary.changes[number] = changes | {"status": "completed"}
    imaginary_desk.views()
    assert state_of(operation) == (State.UNKNOWN, "other_snapshot")
    assert operation.snapshot_id is None
    assert f"The provider named snapshot {number}, but lists it" in operation.evidence
    assert told(operation) == ["pending", "accepted", "unknown"]


def test_a_snapshot_that_the_answer_calls_completed_is_so_once_the_list_says_so(imaginary_desk, imaginary):
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
def test_an_answer_with_a_failed_snapshot_is_a_create_that_failed(imaginary_desk, imaginary, status):
    view = imaginary_desk.server("db")
    answer = {"id": 900, "server": {"id": 8, "name": "db"}, "name": "before-change", "status": status}
    imaginary.say(201, answer | {"message": "No space left"})
    operation = imaginary_desk.create(view)
    assert state_of(operation) == (State.FAILED, "provider_failed")
    assert operation.provider_message == "No space left"
    assert Entry.objects.get(operation_id=operation.pk, phase="outcome").evidence
