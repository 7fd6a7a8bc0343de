"""An operation whose worker died between its intent and its call is sent once, by whoever comes first."""

import pytest

from snapshots.audit import journal
from snapshots.audit.models import Entry
from snapshots.operations import server_locks, service
from snapshots.operations.approval import Approval
from snapshots.operations.models import Action, Operation, State
from snapshots.operations.transitions import record_intent
from snapshots.sandbox.models import Restore, Snapshot
from snapshots.vault import tokens
from tests.support.freezes import freeze
from tests.support.policies import place

pytestmark = pytest.mark.django_db


def pending(desk, action: Action) -> Operation:
    """An operation with its intent in the log, of which nothing was sent."""
    view = desk.server()
    snapshot = None if action == Action.CREATE else desk.snapshot(view)
    sent = desk.operate(action, view)
    fields = {one.attname: getattr(sent, one.attname) for one in Operation._meta.concrete_fields}
    Snapshot.objects.filter(name=sent.snapshot_name, server_id=view.server_id).exclude(
        pk=snapshot.id if snapshot else None
    ).delete()
    Restore.objects.all().delete()
    fields |= {
        "id": None,
        "idempotency_key": "left-behind",
        "state": State.PENDING,
        "sent_at": None,
        "accepted_at": None,
        "ended_at": None,
    }
    if action == Action.CREATE:
        fields |= {"snapshot_id": None, "snapshot_created_at": None}
    del fields["id"]
    operation = Operation(**fields)
    with journal.committed():
        record_intent(operation, desk.actor)
    return operation


def test_a_create_is_sent_with_its_description(desk):
    operation = pending(desk, Action.CREATE)
    service.resume(operation, description="of a job")
    made = Snapshot.objects.get(pk=operation.snapshot_id)
    assert (made.name, made.server_id, made.description) == (
        operation.snapshot_name,
        operation.server_id,
        "of a job",
    )
    assert operation.state == State.ACCEPTED


def test_a_create_without_a_description_has_none(desk):
    operation = pending(desk, Action.CREATE)
    service.resume(operation)
    assert Snapshot.objects.get(pk=operation.snapshot_id).description == ""


def test_a_restore_is_sent(desk):
    operation = pending(desk, Action.RESTORE)
    service.resume(operation)
    assert operation.state == State.ACCEPTED
    assert Restore.objects.get().server_id == operation.server_id


def test_a_delete_is_sent(desk):
    view = desk.server()
    snapshot = desk.snapshot(view)
    operation = pending(desk, Action.RESTORE)
    Operation.objects.filter(pk=operation.pk).update(action=Action.DELETE)
    operation.refresh_from_db()
    service.resume(operation)
    assert not Snapshot.objects.filter(pk=snapshot.id).exists()


def test_it_is_sent_once(desk):
    operation = pending(desk, Action.CREATE)
    for _ in range(2):
        service.resume(Operation.objects.get(pk=operation.pk))
    assert Snapshot.objects.filter(name=operation.snapshot_name, server_id=operation.server_id).count() == 1


def test_without_its_token_nothing_is_sent(desk):
    operation = pending(desk, Action.CREATE)
    tokens.remove(desk.token)
    service.resume(operation)
    operation.refresh_from_db()
    assert operation.state == State.PENDING
    assert not Snapshot.objects.filter(name=operation.snapshot_name, server_id=operation.server_id).exists()


class TestForbiddenMeanwhile:
    """Nothing is sent that a lock or a freeze forbids by the time at which it would be."""

    @pytest.mark.parametrize("block", ["server_locked", "frozen"])
    def test_it_is_not_sent_any_more_and_says_why(self, desk, block):
        operation = pending(desk, Action.RESTORE)
        _forbid(desk, operation, block)
        service.resume(Operation.objects.get(pk=operation.pk))
        assert not Restore.objects.exists()
        operation.refresh_from_db()
        assert (operation.state, operation.code) == (State.FAILED, block)
        outcome = Entry.objects.get(operation_id=operation.pk, phase="outcome")
        assert (outcome.result, outcome.code) == ("failed", block)

    def test_what_was_approved_in_spite_of_a_freeze_is_sent_and_a_later_policy_is_not_asked(self, cast, desk):
        operation = pending(desk, Action.RESTORE)
        freeze(desk)
        place(cast.ada)
        service.resume(operation, approval=Approval.to_ask_for(("frozen",)))
        assert Restore.objects.get().server_id == operation.server_id


def _forbid(desk, operation: Operation, block: str) -> None:
    if block == "frozen":
        freeze(desk)
    else:
        ids = {"server_id": operation.server_id, "server_name": operation.server_name}
        server_locks.place(actor=desk.actor, reason="forensics", **ids)
