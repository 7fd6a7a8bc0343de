"""What evidence says of open operations, at sight and by the command; and what it must not say."""

from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.utils import timezone

from snapshots.audit.models import Entry
from snapshots.contract import Server, ServerRef, Snapshot, SnapshotList
from snapshots.inventory.readings import Observation
from snapshots.operations import reconciliation
from snapshots.operations.models import Action, Finding, Operation, State
from snapshots.operations.reconciliation import reconcile
from snapshots.operations.transitions import mark_sent, transition
from snapshots.sandbox.models import Snapshot as SandboxSnapshot

pytestmark = pytest.mark.django_db


def later(**by):
    return time_machine.travel(timezone.now() + timedelta(**by), tick=False)


def open_operation(desk, action=Action.RESTORE, **fields) -> Operation:
    """An operation as a worker left it."""
    view = desk.server()
    snapshot = desk.snapshot(view)
    values = {
        "idempotency_key": "k",
        "action": action,
        "state": State.UNKNOWN,
        "actor_id": desk.user.pk,
        "actor_name": "Mia",
        "actor_role": "manager",
        "token_id": desk.token.pk,
        "token_label": desk.token.label,
        "token_fingerprint": desk.token.fingerprint,
        "server_id": view.server_id,
        "server_name": view.name,
        "snapshot_id": snapshot.id,
        "snapshot_name": snapshot.name,
        "was_restoring": False,
        "created_at": timezone.now(),
        "sent_at": timezone.now(),
        **fields,
    }
    return Operation.objects.create(**values)


def sight(
    desk, operation, *, status: str | None = None, snapshots=(), fingerprint: str = "", whole=True
) -> Observation:
    servers = (
        None
        if status is None
        else (Server(id=operation.server_id, name=operation.server_name, status=status),)
    )
    begun_at = timezone.now() + timedelta(seconds=1)
    listed = SnapshotList(tuple(snapshots), is_whole=whole)
    return Observation(fingerprint or desk.token.fingerprint, begun_at, listed, servers)


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
    assert [
        entry.result for entry in Entry.objects.filter(operation_id=operation.pk).order_by("sequence")
    ] == [
        "pending",
        "accepted",
        "completed",
    ]


def test_a_create_that_fails_at_the_provider_is_failed(desk, settings):
    settings.SNAPPORTAL_SANDBOX_SPEED = 1
    operation = desk.create(desk.server(), description="fail-please")
    with later(minutes=11):
        desk.views()
    operation.refresh_from_db()
    assert (operation.state, operation.code) == (State.FAILED, "provider_failed")


def test_a_restore_is_followed_through_the_servers_status_and_truly_restores(desk, settings):
    settings.SNAPPORTAL_SANDBOX_SPEED = 1
    view = desk.server()
    snapshot = desk.snapshot(view)
    machine = SandboxSnapshot.objects.get(pk=snapshot.id).server
    machine.touch(timezone.now())
    stamp = machine.state_stamp
    operation = desk.restore(view, snapshot)
    desk.views()
    operation.refresh_from_db()
    assert operation.seen_moving_at is not None
    with later(minutes=16):
        desk.views()
    operation.refresh_from_db()
    assert operation.state == State.COMPLETED
    machine.refresh_from_db()
    assert machine.state_stamp != stamp
    assert machine.state_stamp == SandboxSnapshot.objects.get(pk=snapshot.id).state_stamp


def test_a_status_right_after_the_start_does_not_end_a_restore(desk):
    operation = open_operation(desk, state=State.ACCEPTED, accepted_at=timezone.now())
    assert reconcile(sight(desk, operation, status="active")) == 0


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("active", State.COMPLETED),
        ("stopped", State.COMPLETED),
        ("error", State.FAILED),
        ("reticulating", State.ACCEPTED),
    ],
)
def test_only_a_status_that_means_an_end_ends_a_restore(desk, status, state):
    operation = open_operation(
        desk, state=State.ACCEPTED, accepted_at=timezone.now(), seen_moving_at=timezone.now()
    )
    reconcile(sight(desk, operation, status=status))
    operation.refresh_from_db()
    assert operation.state == state


def test_a_running_server_proves_nothing_about_an_unknown_restore(desk):
    operation = open_operation(desk)
    assert reconcile(sight(desk, operation, status="active")) == 0


def test_a_server_that_is_restoring_proves_that_the_unknown_restore_happened(desk):
    operation = open_operation(desk)
    reconcile(sight(desk, operation, status="restoring"))
    operation.refresh_from_db()
    assert operation.state == State.ACCEPTED


def test_a_server_that_was_restoring_before_proves_nothing(desk):
    operation = open_operation(desk, was_restoring=True)
    assert reconcile(sight(desk, operation, status="restoring")) == 0


@pytest.mark.parametrize(
    ("sent_after_begin", "state"),
    [(-0.001, State.RECONCILED), (0, State.UNKNOWN), (0.001, State.UNKNOWN)],
    ids=["begun after", "begun at the same moment", "begun before"],
)
def test_only_a_reading_begun_after_the_write_was_sent_is_evidence(desk, sent_after_begin, state):
    operation = open_operation(desk, Action.DELETE)
    observation = sight(desk, operation, status="active")
    Operation.objects.update(sent_at=observation.begun_at + timedelta(seconds=sent_after_begin))
    reconcile(observation)
    operation.refresh_from_db()
    assert operation.state == state


def test_a_look_with_another_token_is_no_evidence(desk):
    operation = open_operation(desk, Action.DELETE)
    assert reconcile(sight(desk, operation, status="active", fingerprint="f" * 64)) == 0


def test_an_absent_snapshot_proves_the_delete(desk):
    operation = open_operation(desk, Action.DELETE)
    reconcile(sight(desk, operation, status="active"))
    operation.refresh_from_db()
    assert (operation.state, operation.finding) == (State.RECONCILED, Finding.HAPPENED)
    assert "Observed absent" in operation.evidence


def test_without_the_servers_list_a_restore_becomes_unknown_after_twice_its_time(desk):
    operation = open_operation(desk, state=State.ACCEPTED, accepted_at=timezone.now())
    with later(minutes=29):
        assert reconciliation.close_abandoned() == 0
    with later(minutes=31):
        assert reconciliation.close_abandoned() == 1
    operation.refresh_from_db()
    assert (operation.state, operation.code) == (State.UNKNOWN, "end_not_seen")


def test_what_a_dead_worker_had_not_sent_is_failed_and_can_never_be_sent(desk):
    operation = open_operation(desk, state=State.PENDING, sent_at=None)
    with later(seconds=181):
        reconciliation.close_abandoned()
        assert not mark_sent(operation, timezone.now())
    operation.refresh_from_db()
    assert (operation.state, operation.code) == (State.FAILED, "never_sent")


def test_what_a_dead_worker_had_sent_is_unknown(desk):
    operation = open_operation(desk, state=State.SENT)
    with later(seconds=181):
        call_command("reconcile_operations", verbosity=0)
    operation.refresh_from_db()
    assert (operation.state, operation.code) == (State.UNKNOWN, "interrupted")


def test_the_command_settles_without_a_browser(desk, capsys):
    view = desk.server()
    snapshot = desk.snapshot(view)
    operation = open_operation(desk, Action.DELETE, snapshot_id=snapshot.id)
    SandboxSnapshot.objects.filter(pk=snapshot.id).delete()
    call_command("reconcile_operations")
    operation.refresh_from_db()
    assert operation.state == State.RECONCILED
    assert "1 open, 1 settled, 0 still open" in capsys.readouterr().out


def test_the_command_says_which_operations_need_a_person(desk, capsys):
    open_operation(desk, token_fingerprint="e" * 64)
    call_command("reconcile_operations")
    assert "need a person" in capsys.readouterr().out


def test_a_list_that_may_not_be_whole_proves_no_absence(desk):
    operation = open_operation(desk, Action.DELETE)
    assert reconcile(sight(desk, operation, status="active", whole=False)) == 0


def test_a_token_that_no_longer_shows_the_server_proves_no_absence(desk):
    operation = open_operation(desk, Action.DELETE)
    assert reconcile(sight(desk, operation)) == 0


def test_a_delete_that_was_only_accepted_is_done_when_the_snapshot_is_absent(desk):
    operation = open_operation(desk, Action.DELETE, state=State.ACCEPTED, accepted_at=timezone.now())
    reconcile(sight(desk, operation, status="active"))
    operation.refresh_from_db()
    assert operation.state == State.COMPLETED


@pytest.mark.parametrize(("status", "minutes"), [("active", 14), ("active", 29), ("error", 14)])
def test_a_restore_that_nobody_saw_running_is_not_ended_by_a_status(desk, status, minutes):
    operation = open_operation(desk, state=State.ACCEPTED, accepted_at=timezone.now())
    with later(minutes=minutes):
        assert reconcile(sight(desk, operation, status=status)) == 0


def test_the_providers_answer_counts_once_the_shortest_time_has_passed(desk):
    operation = open_operation(desk, state=State.ACCEPTED, accepted_at=timezone.now(), said_restoring=True)
    with later(minutes=4):
        assert reconcile(sight(desk, operation, status="active")) == 0
    with later(minutes=6):
        assert reconcile(sight(desk, operation, status="active")) == 1


@pytest.mark.parametrize("fingerprint", ["same", "e" * 64])
def test_another_restore_of_the_server_may_be_the_one_that_runs(desk, fingerprint):
    operation = open_operation(desk)
    token = desk.token.fingerprint if fingerprint == "same" else fingerprint
    open_operation(desk, idempotency_key="other", state=State.ACCEPTED, token_fingerprint=token)
    reconcile(sight(desk, operation, status="restoring"))
    operation.refresh_from_db()
    assert operation.state == State.UNKNOWN


def made(operation, **changes) -> Snapshot:
    """A snapshot as the list would show it if the create had happened."""
    values = {
        "id": 9001,
        "server": ServerRef(operation.server_id, operation.server_name),
        "name": operation.snapshot_name,
        "status": "in_progress",
        "created_at": timezone.now(),
        **changes,
    }
    return Snapshot(**values)


def lost_create(desk, **fields) -> Operation:
    values = {"snapshot_id": None, "snapshot_name": "lost", "known_snapshot_ids": [7], **fields}
    return open_operation(desk, Action.CREATE, **values)


def test_a_lost_create_is_found_by_its_snapshot(desk):
    operation = lost_create(desk)
    assert reconcile(sight(desk, operation, snapshots=[made(operation)])) == 1
    operation.refresh_from_db()
    assert (operation.state, operation.snapshot_id) == (State.RECONCILED, 9001)


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
    assert reconcile(sight(desk, operation, snapshots=[made(operation, **changes)])) == 0


def test_a_snapshot_that_another_operation_made_proves_nothing(desk):
    operation = lost_create(desk)
    lost_create(desk, idempotency_key="other", state=State.COMPLETED, snapshot_id=9001)
    assert reconcile(sight(desk, operation, snapshots=[made(operation)])) == 0


@pytest.mark.parametrize("state", [State.SENT, State.UNKNOWN])
def test_a_rival_with_another_token_makes_it_undecided(desk, state):
    operation = lost_create(desk)
    lost_create(desk, idempotency_key="other", state=state, token_fingerprint="e" * 64)
    assert reconcile(sight(desk, operation, snapshots=[made(operation)])) == 0


def test_two_who_move_an_operation_at_once_leave_one_outcome(desk):
    operation = lost_create(desk)
    copy = Operation.objects.get(pk=operation.pk)
    assert transition(operation, State.RECONCILED, expect=[State.UNKNOWN], finding=Finding.HAPPENED)
    assert not transition(copy, State.RECONCILED, expect=[State.UNKNOWN], finding=Finding.NOT_HAPPENED)
    assert Entry.objects.filter(operation_id=operation.pk).count() == 1


@pytest.mark.parametrize(
    ("ahead", "state"),
    [(timedelta(hours=2), State.RECONCILED), (timedelta(hours=-2), State.UNKNOWN)],
    ids=["ahead", "behind"],
)
def test_with_a_clock_that_differs_a_lost_create_is_found_or_stays_unknown(desk, ahead, state):
    """It was not in the list before, so a time in the future is no contradiction; one in the past may be another's."""
    operation = lost_create(desk)
    found = made(operation, created_at=timezone.now() + ahead)
    reconcile(sight(desk, operation, snapshots=[found]))
    operation.refresh_from_db()
    assert operation.state == state


@pytest.mark.parametrize("ahead", [timedelta(hours=2), timedelta(hours=-2)])
def test_with_a_clock_that_differs_no_older_snapshot_is_taken_for_a_lost_create(desk, ahead):
    operation = lost_create(desk, known_snapshot_ids=[9001])
    older = made(operation, created_at=timezone.now() - timedelta(hours=1) + ahead)
    assert reconcile(sight(desk, operation, snapshots=[older])) == 0
