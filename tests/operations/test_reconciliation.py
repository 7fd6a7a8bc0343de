"""What readings and the reconcile_operations command prove about open operations, and what they must not prove."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from snapshots.audit.models import Entry
from snapshots.operations import reconciliation
from snapshots.operations.models import Action, Finding, Operation, State
from snapshots.operations.reconciliation import reconcile
from snapshots.operations.transitions import mark_sent, transition
from snapshots.sandbox.models import Snapshot as SandboxSnapshot
from tests.support.evidence import created_snapshot, later, lost_create, observe, open_operation

pytestmark = pytest.mark.django_db


def test_a_restore_is_completed_by_the_servers_status_and_changes_the_server(desk, settings):
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


def test_a_status_right_after_acceptance_does_not_end_a_restore(desk):
    operation = open_operation(desk, state=State.ACCEPTED, accepted_at=timezone.now())
    assert reconcile(observe(desk, operation, status="active")) == 0


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("active", State.COMPLETED),
        ("Running", State.COMPLETED),
        ("stopped", State.COMPLETED),
        ("error", State.FAILED),
        ("reticulating", State.ACCEPTED),
    ],
)
def test_only_a_known_final_status_ends_a_restore(desk, status, state):
    operation = open_operation(
        desk, state=State.ACCEPTED, accepted_at=timezone.now(), seen_moving_at=timezone.now()
    )
    reconcile(observe(desk, operation, status=status))
    operation.refresh_from_db()
    assert operation.state == state


def test_a_running_server_proves_nothing_about_an_unknown_restore(desk):
    operation = open_operation(desk)
    assert reconcile(observe(desk, operation, status="active")) == 0


@pytest.mark.parametrize("status", ["restoring", "RESTORING"])
def test_a_server_that_is_restoring_makes_the_unknown_restore_accepted(desk, status):
    operation = open_operation(desk)
    reconcile(observe(desk, operation, status=status))
    operation.refresh_from_db()
    assert operation.state == State.ACCEPTED


def test_a_server_that_was_restoring_before_proves_nothing(desk):
    operation = open_operation(desk, was_restoring=True)
    assert reconcile(observe(desk, operation, status="restoring")) == 0


@pytest.mark.parametrize(
    ("sent_after_start", "state"),
    [(-0.001, State.RECONCILED), (0, State.UNKNOWN), (0.001, State.UNKNOWN)],
    ids=["started after", "started at the same moment", "started before"],
)
def test_only_a_reading_started_after_the_write_was_sent_is_evidence(desk, sent_after_start, state):
    operation = open_operation(desk, Action.DELETE)
    observation = observe(desk, operation, status="active")
    Operation.objects.update(sent_at=observation.started_at + timedelta(seconds=sent_after_start))
    reconcile(observation)
    operation.refresh_from_db()
    assert operation.state == state


def test_a_reading_with_another_token_is_no_evidence(desk):
    operation = open_operation(desk, Action.DELETE)
    assert reconcile(observe(desk, operation, fingerprint="f" * 64)) == 0


def test_without_the_servers_list_a_restore_becomes_unknown_after_twice_its_time(desk):
    operation = open_operation(desk, state=State.ACCEPTED, accepted_at=timezone.now())
    with later(minutes=29):
        assert reconciliation.close_abandoned() == 0
    with later(minutes=31):
        assert reconciliation.close_abandoned() == 1
    operation.refresh_from_db()
    assert (operation.state, operation.code) == (State.UNKNOWN, "end_not_seen")


def test_an_operation_whose_worker_died_before_sending_is_failed_and_can_never_be_sent(desk):
    operation = open_operation(desk, state=State.PENDING, sent_at=None)
    with later(seconds=181):
        reconciliation.close_abandoned()
        assert not mark_sent(operation, timezone.now())
    operation.refresh_from_db()
    assert (operation.state, operation.code) == (State.FAILED, "never_sent")


def test_an_operation_whose_worker_died_after_sending_is_unknown(desk):
    operation = open_operation(desk, state=State.SENT)
    with later(seconds=181):
        call_command("reconcile_operations", verbosity=0)
    operation.refresh_from_db()
    assert (operation.state, operation.code) == (State.UNKNOWN, "interrupted")


def test_the_command_reconciles_without_a_browser(desk, capsys):
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


@pytest.mark.parametrize(("status", "minutes"), [("active", 14), ("active", 29), ("error", 14)])
def test_a_restore_that_was_never_observed_running_is_not_ended_by_a_status(desk, status, minutes):
    operation = open_operation(desk, state=State.ACCEPTED, accepted_at=timezone.now())
    with later(minutes=minutes):
        assert reconcile(observe(desk, operation, status=status)) == 0


def test_the_answers_restoring_status_counts_after_the_shortest_documented_time(desk):
    operation = open_operation(desk, state=State.ACCEPTED, accepted_at=timezone.now(), said_restoring=True)
    with later(seconds=50):
        assert reconcile(observe(desk, operation, status="active")) == 0
    with later(minutes=6):
        assert reconcile(observe(desk, operation, status="active")) == 1
    operation.refresh_from_db()
    assert operation.state == State.COMPLETED


@pytest.mark.parametrize("said_restoring", [True, False])
def test_a_server_at_rest_soon_after_the_answer_makes_an_accepted_restore_unknown(desk, said_restoring):
    operation = open_operation(
        desk, state=State.ACCEPTED, accepted_at=timezone.now(), said_restoring=said_restoring
    )
    with later(seconds=65):
        assert reconcile(observe(desk, operation, status="active")) == 1
    operation.refresh_from_db()
    assert (operation.state, operation.code) == (State.UNKNOWN, "not_running")
    assert "“active” 66 s later" in operation.evidence
    with later(minutes=7):
        assert reconcile(observe(desk, operation, status="active")) == 0


def test_the_answers_restoring_status_proves_none_of_two_restores_that_overlap(desk):
    facts = {"state": State.ACCEPTED, "accepted_at": timezone.now(), "said_restoring": True}
    first = open_operation(desk, **facts)
    open_operation(desk, idempotency_key="other", server_id=first.server_id, **facts)
    with later(minutes=6):
        assert reconcile(observe(desk, first, status="active")) == 0


@pytest.mark.parametrize("fingerprint", ["same", "e" * 64])
def test_an_unknown_restore_stays_unknown_while_another_restore_may_be_the_one_that_runs(desk, fingerprint):
    operation = open_operation(desk)
    token = desk.token.fingerprint if fingerprint == "same" else fingerprint
    open_operation(desk, idempotency_key="other", state=State.ACCEPTED, token_fingerprint=token)
    reconcile(observe(desk, operation, status="restoring"))
    operation.refresh_from_db()
    assert operation.state == State.UNKNOWN


def test_of_two_concurrent_transitions_only_one_is_recorded(desk):
    operation = lost_create(desk)
    copy = Operation.objects.get(pk=operation.pk)
    assert transition(operation, State.RECONCILED, expect=[State.UNKNOWN], finding=Finding.HAPPENED)
    assert not transition(copy, State.RECONCILED, expect=[State.UNKNOWN], finding=Finding.NOT_HAPPENED)
    assert Entry.objects.filter(operation_id=operation.pk).count() == 1


@pytest.mark.parametrize(
    ("ahead", "state"),
    [(timedelta(hours=2), State.ACCEPTED), (timedelta(hours=-2), State.UNKNOWN)],
    ids=["ahead", "behind"],
)
def test_with_a_provider_clock_that_differs_an_unknown_create_is_found_or_stays_unknown(desk, ahead, state):
    """The snapshot is new in the list, so a time in the future does not matter; with one in the past it may be another's."""
    operation = lost_create(desk)
    found = created_snapshot(operation, created_at=timezone.now() + ahead)
    reconcile(observe(desk, operation, snapshots=[found]))
    operation.refresh_from_db()
    assert operation.state == state


@pytest.mark.parametrize("ahead", [timedelta(hours=2), timedelta(hours=-2)])
def test_with_a_provider_clock_that_differs_no_older_snapshot_reconciles_an_unknown_create(desk, ahead):
    operation = lost_create(desk, known_snapshot_ids=[9001])
    older = created_snapshot(operation, created_at=timezone.now() - timedelta(hours=1) + ahead)
    assert reconcile(observe(desk, operation, snapshots=[older])) == 0
