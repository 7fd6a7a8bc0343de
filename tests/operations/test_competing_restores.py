"""An unknown restore is settled by a server that is restoring only if no other restore can be the cause."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from snapshots.contract import SnapshotList
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action, Operation, State
from snapshots.operations.reconciliation import reconcile
from tests.support.evidence import observe, open_operation

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def is_settled_beside(desk, **other) -> bool:
    """Whether an unknown restore, sent half an hour ago, is accepted although `other` is in the database."""
    now = timezone.now()
    unknown = open_operation(desk, sent_at=now - HOUR / 2)
    values = {"state": State.UNKNOWN, "sent_at": now + HOUR, "token_fingerprint": "f" * 64, **other}
    if other:
        open_operation(desk, **{"action": Action.RESTORE, "idempotency_key": "other", **values})
    reconcile(observe(desk, unknown, status="restoring"))
    unknown.refresh_from_db()
    return unknown.state == State.ACCEPTED


def test_an_unknown_restore_alone_is_accepted(desk):
    assert is_settled_beside(desk)


@pytest.mark.parametrize("state", [State.UNKNOWN, State.SENT, State.ACCEPTED, State.PENDING])
def test_another_open_restore_of_the_server_may_be_the_cause(desk, state):
    assert not is_settled_beside(desk, state=state)


@pytest.mark.parametrize(("ended", "settled"), [(-HOUR, True), (-HOUR / 4, False)])
def test_a_restore_that_ended_before_this_one_was_sent_is_not_the_cause(desk, ended, settled):
    end = timezone.now() + ended
    assert is_settled_beside(desk, state=State.COMPLETED, ended_at=end, accepted_at=end) == settled


def test_a_restore_of_another_server_is_not_the_cause(desk):
    assert is_settled_beside(desk, state=State.ACCEPTED, server_id=99)


def test_another_operation_of_the_server_is_not_the_cause(desk):
    assert is_settled_beside(desk, state=State.ACCEPTED, action=Action.CREATE)


def test_a_restore_that_failed_before_it_was_accepted_is_not_the_cause(desk):
    assert is_settled_beside(desk, state=State.FAILED, ended_at=timezone.now())


def test_a_restore_that_failed_after_it_was_accepted_may_be_the_cause(desk):
    now = timezone.now()
    assert not is_settled_beside(desk, state=State.FAILED, accepted_at=now, ended_at=now)


@pytest.mark.parametrize("accepted_at", [None, -HOUR])
def test_a_created_snapshot_that_an_incomplete_list_lacks_has_not_vanished(desk, accepted_at):
    operation = open_operation(
        desk,
        Action.CREATE,
        state=State.ACCEPTED,
        snapshot_id=9001,
        accepted_at=accepted_at and timezone.now() + accepted_at,
    )
    observation = observe(desk, operation)
    assert reconcile(replace(observation, listed=SnapshotList((), cut_by="count"))) == 0
    assert Operation.objects.get().state == State.ACCEPTED
    assert reconcile(observation) == (accepted_at is not None)


def test_a_snapshot_that_is_not_completed_is_not_restored(desk):
    view = desk.server()
    making = desk.create(view)
    view = desk.server(view.name)
    snapshot = next(one for one in view.snapshots if one.id == making.snapshot_id)
    with pytest.raises(OperationRefusedError, match=r"\Asnapshot_unready\Z"):
        desk.restore(view, snapshot)


def test_a_held_server_refuses_with_its_own_code(desk):
    view = desk.server()
    desk.restore(view, desk.snapshot(view))
    with pytest.raises(OperationRefusedError, match=r"\Aserver_held\Z"):
        desk.create(view)
