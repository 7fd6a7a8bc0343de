"""No channel of the portal deletes a protected snapshot until its protection is lifted, with a reason."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from snapshots.audit.models import Entry
from snapshots.deletions import keeping
from snapshots.deletions.models import PlannedDeletion, State
from snapshots.jobs import plans
from snapshots.jobs.room import room_key
from snapshots.operations import protection
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action, Operation, Protection
from tests.support.deletions import exists, plan, request, run_at, target_of
from tests.support.jobs import full_server

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def protected(desk):
    """(server, snapshot), the snapshot protected."""
    view = desk.server()
    keeping.protect_snapshot(actor=desk.actor, target=target_of(desk, view), reason="audit 2026")
    return desk.server(view.name), desk.snapshot(view)


def test_protecting_is_recorded_with_who_and_why(desk, protected):
    view, snapshot = protected
    row = Entry.objects.get(action="snapshot.protect")
    assert (row.actor_name, row.reason, row.server_id, row.snapshot_id) == (
        "Mia",
        "audit 2026",
        view.server_id,
        snapshot.id,
    )
    assert snapshot.id in view.protected_ids
    with pytest.raises(OperationRefusedError, match="already_protected"):
        protection.protect(actor=desk.actor, target=target_of(desk, view))
    assert Entry.objects.filter(action="snapshot.protect").count() == 1


def test_the_operation_refuses_it_under_the_logs_lock(desk, protected):
    view, snapshot = protected
    with pytest.raises(OperationRefusedError, match="protected"):
        desk.delete(view, snapshot)
    assert not Operation.objects.exists()
    refusal = Entry.objects.get(result="refused")
    assert (refusal.action, refusal.code) == ("snapshot.delete", "protected")


def test_one_that_is_protected_while_its_deletion_is_being_checked_is_not_deleted(desk, monkeypatch):
    from snapshots.operations import service

    view = desk.server()
    read = service.read_server

    def read_and_protect(token, confirmed):
        found = read(token, confirmed)
        protection.protect(actor=desk.actor, target=target_of(desk, view))
        return found

    monkeypatch.setattr(service, "read_server", read_and_protect)
    with pytest.raises(OperationRefusedError, match="protected"):
        desk.delete(view, desk.snapshot(view))
    assert not Operation.objects.exists()


def test_neither_a_page_nor_a_plan_nor_a_job_takes_it(desk, protected, settings):
    view, snapshot = protected
    with pytest.raises(OperationRefusedError, match="protected"):
        request(desk, view, snapshot)
    settings.SNAPPORTAL_DELETE_GRACE_DAYS = 2
    with pytest.raises(OperationRefusedError, match="protected"):
        plan(desk, view, snapshot)
    tomorrow = timezone.now().date() + timedelta(days=1)
    with pytest.raises(OperationRefusedError, match="protected"):
        keeping.set_keep_until(actor=desk.actor, target=target_of(desk, view), until=tomorrow)
    assert not PlannedDeletion.objects.exists()


def test_a_job_does_not_make_room_with_it(desk, protected):
    view, snapshot = protected
    full = full_server(desk)
    assert full.server_id == view.server_id
    with pytest.raises(OperationRefusedError, match="protected"):
        plans.replace_snapshot(
            actor=desk.actor,
            token=desk.token,
            confirmation=desk.confirm(Action.CREATE, full),
            name="instead",
            make_room=room_key(snapshot),
        )
    assert exists(snapshot.id)


def test_lifting_needs_a_reason_and_then_it_can_be_deleted(desk, protected):
    view, snapshot = protected
    target = target_of(desk, view)
    with pytest.raises(OperationRefusedError, match="reason_missing"):
        protection.lift(actor=desk.actor, target=target, reason="  ")
    protection.lift(actor=desk.actor, target=target, reason="the audit is over")
    assert Entry.objects.get(action="snapshot.unprotect").reason == "the audit is over"
    with pytest.raises(OperationRefusedError, match="not_protected"):
        protection.lift(actor=desk.actor, target=target, reason="again")
    assert Entry.objects.filter(action="snapshot.unprotect").count() == 1
    assert desk.delete(view, snapshot).action == Action.DELETE


@pytest.mark.parametrize("verb", ["protect", "lift"])
def test_who_may_not_delete_neither_protects_nor_lifts(desk, verb):
    view = desk.server()
    target = target_of(desk, view)
    if verb == "lift":
        protection.protect(actor=desk.actor, target=target)
    desk.user.role = "operator"
    desk.user.save()
    with pytest.raises(OperationRefusedError, match="not_allowed_any_more"):
        getattr(protection, verb)(actor=desk.actor, target=target, reason="because")
    assert Protection.objects.exists() == (verb == "lift")


def test_protecting_calls_back_the_deletion_that_waits(desk, settings):
    settings.SNAPPORTAL_DELETE_GRACE_DAYS = 1
    view = desk.server()
    with time_machine.travel(datetime.now(UTC), tick=True) as clock:
        planned = plan(desk, view)
        keeping.protect_snapshot(actor=desk.actor, target=target_of(desk, view))
        assert run_at(clock, planned.due_at) == 0
    planned.refresh_from_db()
    assert planned.state == State.KEPT
    assert Entry.objects.get(action="deletion.keep").full_evidence == "The snapshot was protected."
    assert exists(planned.snapshot_id)


def test_one_whose_deletion_was_sent_cannot_be_protected_any_more(desk):
    view = desk.server()
    desk.delete(view, desk.snapshot(view))
    with pytest.raises(OperationRefusedError, match="snapshot_deleting"):
        keeping.protect_snapshot(actor=desk.actor, target=target_of(desk, view))
    assert not Protection.objects.exists()


def test_the_protection_of_a_snapshot_that_is_gone_has_no_effect(desk, protected):
    from snapshots.sandbox.models import Snapshot as SandboxSnapshot

    view, snapshot = protected
    SandboxSnapshot.objects.filter(pk=snapshot.id).delete()
    assert desk.server(view.name).protected_ids == frozenset()
