"""What the log says when evidence settles an operation: state, code, finding and the whole sentence an auditor reads."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from snapshots.audit.models import Entry
from snapshots.contract import ServerRef
from snapshots.operations.models import Action, Finding, Operation, State
from snapshots.operations.reconciliation import close_abandoned, reconcile
from tests.support.evidence import created_snapshot, later, lost_create, observe, open_operation

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 10, 30, 15, tzinfo=UTC)


def settled(operation: Operation) -> tuple[str, str, str, str]:
    """State, code, finding and evidence, which the last audit row must repeat."""
    operation.refresh_from_db()
    row = Entry.objects.filter(operation_id=operation.pk).order_by("sequence").last()
    assert row is not None
    assert (row.result, row.code, row.evidence) == (operation.state, operation.code, operation.evidence)
    return operation.state, operation.code, operation.finding, operation.evidence


def accepted(desk, action: Action, **fields) -> Operation:
    return open_operation(desk, action, **{"state": State.ACCEPTED, "accepted_at": timezone.now(), **fields})


def accepted_create(desk, **fields) -> Operation:
    values = {"snapshot_id": 9001, "snapshot_name": "lost", "known_snapshot_ids": [7], **fields}
    return accepted(desk, Action.CREATE, **values)


@pytest.mark.parametrize(
    ("status", "state", "code"),
    [("completed", State.COMPLETED, ""), ("Failed", State.FAILED, "provider_failed")],
)
def test_the_status_of_its_snapshot_ends_an_accepted_create(desk, status, state, code):
    operation = accepted_create(desk)
    assert reconcile(observe(desk, operation, snapshots=[created_snapshot(operation, status=status)])) == 1
    sentence = f"The provider lists snapshot 9001 as “{status}”."
    assert settled(operation) == (state, code, "", sentence)
    assert operation.ended_at


def test_a_snapshot_in_progress_leaves_an_accepted_create_as_it_is(desk):
    operation = accepted_create(desk)
    assert reconcile(observe(desk, operation, snapshots=[created_snapshot(operation)])) == 0


def test_another_snapshot_under_the_id_of_an_accepted_create_makes_it_unknown(desk):
    operation = accepted_create(desk, snapshot_created_at=AT)
    other = created_snapshot(operation, name="other", server=ServerRef(8, "db"), status="completed")
    assert reconcile(observe(desk, operation, snapshots=[other])) == 1
    sentence = "The provider named snapshot 9001, but lists it as “other” of server 8."
    assert settled(operation) == (State.UNKNOWN, "other_snapshot", "", sentence)
    assert (operation.snapshot_id, operation.snapshot_created_at, operation.ended_at) == (None, None, None)


def test_an_accepted_create_whose_snapshot_vanished_is_unknown(desk):
    operation = accepted_create(desk)
    with later(seconds=60):
        assert reconcile(observe(desk, operation)) == 1
    sentence = "Snapshot 9001 is no longer in the provider's list."
    assert settled(operation) == (State.UNKNOWN, "vanished", "", sentence)


@pytest.mark.parametrize(("seconds", "changed"), [(59, 0), (60, 1)])
def test_a_list_may_lag_behind_a_create_for_a_minute(desk, seconds, changed):
    operation = accepted_create(desk)
    observation = observe(desk, operation)
    at = observation.started_at - timedelta(seconds=seconds)
    Operation.objects.update(accepted_at=at, sent_at=at)
    assert reconcile(observation) == changed


def test_the_completed_snapshot_of_a_lost_create_is_described_in_full(desk):
    operation = lost_create(desk, sent_at=AT)
    found = created_snapshot(operation, status="completed", created_at=AT)
    assert reconcile(observe(desk, operation, snapshots=[found])) == 1
    sentence = (
        "Snapshot 9001 “lost” is in the provider's list as “completed”, was not there before, "
        "and was created at 2026-11-20 10:30:15 UTC."
    )
    assert settled(operation) == (State.RECONCILED, "", Finding.HAPPENED, sentence)
    assert (operation.snapshot_id, operation.snapshot_created_at) == (9001, AT)


def test_the_unfinished_snapshot_of_a_lost_create_is_described_in_full(desk):
    operation = lost_create(desk, sent_at=AT, code="deadline")
    assert reconcile(observe(desk, operation, snapshots=[created_snapshot(operation, created_at=AT)])) == 1
    sentence = (
        "Snapshot 9001 “lost” is in the provider's list as “in_progress”, was not there before, "
        "and was created at 2026-11-20 10:30:15 UTC."
    )
    assert settled(operation) == (State.ACCEPTED, "", "", sentence)
    assert (operation.snapshot_id, operation.snapshot_created_at) == (9001, AT)
    assert operation.accepted_at
    assert operation.ended_at is None


@pytest.mark.parametrize(("seconds", "changed"), [(-301, 0), (-300, 1), (0, 1)])
def test_a_snapshot_created_more_than_five_minutes_before_a_create_was_sent_is_not_its_own(
    desk, seconds, changed
):
    operation = lost_create(desk)
    at = operation.sent_at + timedelta(seconds=seconds)
    snapshots = [created_snapshot(operation, created_at=at, status="completed")]
    assert reconcile(observe(desk, operation, snapshots=snapshots)) == changed


@pytest.mark.parametrize(
    ("state", "end", "finding"),
    [(State.ACCEPTED, State.COMPLETED, ""), (State.UNKNOWN, State.RECONCILED, Finding.HAPPENED)],
)
def test_a_snapshot_that_a_whole_list_lacks_is_deleted(desk, state, end, finding):
    operation = accepted(desk, Action.DELETE, state=state, snapshot_id=9001)
    assert reconcile(observe(desk, operation, status="active")) == 1
    sentence = "Observed absent: snapshot 9001 is no longer in the provider's list."
    assert settled(operation) == (end, "", finding, sentence)


def test_after_a_204_a_list_without_a_count_completes_a_delete(desk):
    operation = accepted(desk, Action.DELETE, snapshot_id=9001, provider_status=204)
    assert reconcile(observe(desk, operation, whole=False)) == 1
    sentence = "The provider answered that it is deleted, and what it lists does not show 9001."
    assert settled(operation) == (State.COMPLETED, "", "", sentence)


@pytest.mark.parametrize(
    "fields",
    [{"provider_status": 200}, {"provider_status": None}, {"provider_status": 204, "state": State.UNKNOWN}],
)
def test_without_a_204_to_an_accepted_delete_such_a_list_proves_nothing(desk, fields):
    operation = accepted(desk, Action.DELETE, snapshot_id=9001, **fields)
    assert reconcile(observe(desk, operation, status="active", whole=False)) == 0


@pytest.mark.parametrize(
    ("fields", "end", "code", "finding"),
    [
        ({}, State.UNKNOWN, "still_listed", ""),
        (
            {"state": State.UNKNOWN, "code": "already_gone"},
            State.RECONCILED,
            "already_gone",
            Finding.NOT_HAPPENED,
        ),
    ],
)
def test_a_snapshot_that_stays_listed_contradicts_the_answer_to_its_delete(desk, fields, end, code, finding):
    operation = accepted(desk, Action.DELETE, snapshot_id=9001, provider_status=404, **fields)
    with later(minutes=6):
        assert (
            reconcile(observe(desk, operation, snapshots=[created_snapshot(operation, status="completed")]))
            == 1
        )
    sentence = "The provider answered with HTTP 404, but still lists snapshot 9001 as “completed”."
    assert settled(operation) == (end, code, finding, sentence)


@pytest.mark.parametrize(("seconds", "changed"), [(299, 0), (300, 1)])
@pytest.mark.parametrize("known", ["accepted_at", "sent_at"])
def test_a_deleted_snapshot_may_stay_listed_for_five_minutes_after_the_answer(desk, known, seconds, changed):
    operation = accepted(desk, Action.DELETE, snapshot_id=9001)
    observation = observe(desk, operation, snapshots=[created_snapshot(operation, status="completed")])
    answered_at = observation.started_at - timedelta(seconds=seconds)
    times = {"accepted_at": None, "sent_at": AT, "created_at": AT} | {known: answered_at}
    Operation.objects.update(**times)
    assert reconcile(observation) == changed


def test_a_delete_with_another_code_stays_unknown_while_its_snapshot_is_listed(desk):
    operation = open_operation(desk, Action.DELETE, snapshot_id=9001, code="deadline")
    with later(minutes=6):
        assert (
            reconcile(observe(desk, operation, snapshots=[created_snapshot(operation, status="completed")]))
            == 0
        )


@pytest.mark.parametrize(
    ("status", "end", "code"),
    [
        ("Active", State.COMPLETED, ""),
        ("stopped", State.COMPLETED, ""),
        ("error", State.FAILED, "provider_failed"),
    ],
)
def test_the_status_of_the_server_ends_a_restore_that_was_seen_running(desk, status, end, code):
    operation = accepted(desk, Action.RESTORE, seen_moving_at=timezone.now())
    assert reconcile(observe(desk, operation, status=status)) == 1
    assert settled(operation) == (end, code, "", f"The provider gives the server's status as “{status}”.")


AT_REST = "The provider accepted the restore, but gave the server's status as “Active” {} s later."


@pytest.mark.parametrize(
    ("seconds", "state", "code", "sentence"),
    [
        (59, State.ACCEPTED, "", ""),
        (60, State.UNKNOWN, "not_running", AT_REST.format(60)),
        (299, State.UNKNOWN, "not_running", AT_REST.format(299)),
        (300, State.COMPLETED, "", "The provider gives the server's status as “Active”."),
    ],
)
def test_a_server_at_rest_proves_a_restore_only_after_the_shortest_time(desk, seconds, state, code, sentence):
    operation = accepted(desk, Action.RESTORE, said_restoring=True)
    observation = observe(desk, operation, status="Active")
    at = observation.started_at - timedelta(seconds=seconds)
    Operation.objects.update(accepted_at=at, sent_at=at)
    assert reconcile(observation) == (state != State.ACCEPTED)
    operation.refresh_from_db()
    assert (operation.state, operation.code, operation.evidence) == (state, code, sentence)


def test_a_server_that_is_restoring_shows_that_an_unknown_restore_began(desk):
    operation = open_operation(desk, code="deadline")
    observation = observe(desk, operation, status="Restoring")
    assert reconcile(observation) == 1
    sentence = "The provider says that the server is being restored."
    assert settled(operation) == (State.ACCEPTED, "", "", sentence)
    assert operation.seen_moving_at == observation.started_at


@pytest.mark.parametrize(
    ("fields", "end", "code", "sentence"),
    [
        (
            {"state": State.PENDING, "sent_at": None},
            State.FAILED,
            "never_sent",
            "The portal stopped before anything was sent to the provider.",
        ),
        (
            {"state": State.SENT},
            State.UNKNOWN,
            "interrupted",
            "The portal stopped before the provider's answer was written down.",
        ),
    ],
)
def test_what_a_dead_worker_left_is_closed_after_three_minutes(desk, fields, end, code, sentence):
    operation = open_operation(desk, Action.CREATE, **fields)
    with later(seconds=179):
        assert close_abandoned() == 0
    with later(seconds=181):
        assert close_abandoned() == 1
    assert settled(operation) == (end, code, "", sentence)


@pytest.mark.parametrize(
    ("seen", "changed"), [(None, 1), (timedelta(minutes=31), 1), (timedelta(minutes=29), 0)]
)
def test_a_restore_that_nobody_has_seen_running_for_half_an_hour_is_unknown(desk, seen, changed):
    now = timezone.now()
    accepted(desk, Action.RESTORE, idempotency_key="recent", accepted_at=now - timedelta(minutes=29))
    accepted(desk, Action.DELETE, idempotency_key="delete", accepted_at=now - timedelta(minutes=31))
    operation = accepted(
        desk, Action.RESTORE, accepted_at=now - timedelta(minutes=31), seen_moving_at=seen and now - seen
    )
    assert close_abandoned() == changed
    if changed:
        assert settled(operation) == (State.UNKNOWN, "end_not_seen", "", "")
