"""A delete with a grace time waits, can be called back until it is sent, and is sent once, neither early nor late."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from snapshots.audit.models import Entry
from snapshots.deletions import due, keeping
from snapshots.deletions.grace import grace_days, set_grace
from snapshots.deletions.models import PlannedDeletion, State
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action, Operation
from snapshots.operations.models import State as OperationState
from snapshots.sandbox.models import Snapshot as SandboxSnapshot
from tests.support.deletions import deletes_of, exists, plan, put_grace, request, run_at
from tests.support.imaginary import Killed
from tests.support.limits import limit

pytestmark = pytest.mark.django_db(transaction=True)
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def clock(settings):
    settings.SNAPPORTAL_DELETE_GRACE_DAYS = 3
    settings.SNAPPORTAL_SANDBOX_SPEED = 1
    with time_machine.travel(datetime.now(UTC), tick=True) as traveller:
        yield traveller


def test_without_a_grace_time_it_is_deleted_at_once(desk, settings):
    settings.SNAPPORTAL_DELETE_GRACE_DAYS = 0
    assert isinstance(request(desk, desk.server()), Operation)
    assert not PlannedDeletion.objects.exists()


def test_with_a_grace_time_nothing_is_sent_until_it_is_due(desk, clock):
    planned = plan(desk, desk.server(), reason="not needed")
    assert planned.due_at - planned.created_at == timedelta(days=3)
    assert run_at(clock, planned.due_at - 5 * SECOND) == 0
    assert not Operation.objects.exists()
    assert run_at(clock, planned.due_at) == 1
    operation = Operation.objects.get()
    assert (operation.snapshot_id, operation.actor_id, operation.reason) == (
        planned.snapshot_id,
        desk.user.pk,
        "not needed",
    )
    clock.shift(60)
    desk.views()
    assert due.run_due() == 1
    planned.refresh_from_db()
    assert (planned.state, planned.operation_id) == (State.DONE, operation.pk)
    assert not exists(planned.snapshot_id)
    assert due.run_due() == 0


def test_the_log_has_the_plan_in_the_browser_and_the_delete_by_schedule(desk, clock):
    planned = plan(desk, desk.server(), reason="not needed")
    run_at(clock, planned.due_at)
    rows = Entry.objects.filter(snapshot_id=planned.snapshot_id).order_by("sequence")
    assert [(row.action, row.phase, row.channel) for row in rows][:2] == [
        ("deletion.plan", "event", "browser"),
        ("snapshot.delete", "intent", "schedule"),
    ]
    assert rows[0].target == str(planned.pk)
    assert rows[1].actor_name == "Mia"


def test_one_that_is_kept_is_never_sent(desk, clock):
    planned = plan(desk, desk.server())
    keeping.keep(actor=desk.actor, planned=planned)
    assert run_at(clock, planned.due_at + timedelta(days=1)) == 0
    assert exists(planned.snapshot_id)
    assert Entry.objects.get(action="deletion.keep").target == str(planned.pk)
    with pytest.raises(OperationRefusedError, match="deletion_over"):
        keeping.keep(actor=desk.actor, planned=planned)


def test_an_operator_keeps_but_a_viewer_does_not(desk, cast):
    planned = plan(desk, desk.server())
    desk.user.role = "viewer"
    desk.user.save()
    with pytest.raises(OperationRefusedError, match="not_allowed_any_more"):
        keeping.keep(actor=desk.actor, planned=planned)
    desk.user.role = "operator"
    desk.user.save()
    keeping.keep(actor=desk.actor, planned=planned)
    assert planned.state == State.KEPT


def test_one_that_is_kept_while_it_is_being_checked_is_not_sent(desk, clock, monkeypatch):
    """It is kept after the lists were read for it, and before its intent."""
    from snapshots.operations import service

    planned = plan(desk, desk.server())
    read = service.read_server

    def read_and_keep(token, confirmed):
        view = read(token, confirmed)
        keeping.keep(actor=desk.actor, planned=planned)
        return view

    monkeypatch.setattr(service, "read_server", read_and_keep)
    assert run_at(clock, planned.due_at) == 0
    planned.refresh_from_db()
    assert planned.state == State.KEPT
    assert not Operation.objects.exists()


def test_a_form_sent_twice_plans_once_and_a_second_form_is_refused(desk):
    view = desk.server()
    snapshot = desk.snapshot(view)
    confirmation = desk.confirm(Action.DELETE, view, snapshot)
    first = plan(desk, view, snapshot, confirmation=confirmation)
    assert plan(desk, view, snapshot, confirmation=confirmation).pk == first.pk
    with pytest.raises(OperationRefusedError, match="deletion_planned"):
        plan(desk, view, snapshot)
    assert PlannedDeletion.objects.count() == 1
    assert Entry.objects.get(result="refused").code == "deletion_planned"


def test_delete_now_needs_a_reason_and_takes_the_place_of_what_waits(desk, clock):
    view = desk.server()
    planned = plan(desk, view)
    with pytest.raises(OperationRefusedError, match="reason_missing"):
        request(desk, view, delete_now=True)
    operation = request(desk, view, delete_now=True, reason="the place is needed")
    planned.refresh_from_db()
    assert (planned.state, planned.operation_id) == (State.SENT, operation.pk)
    run_at(clock, planned.due_at)
    assert len(deletes_of(planned.snapshot_id)) == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("snapshot", "snapshot_changed"),
        ("role", "not_own_snapshot"),
        ("token", "token_gone"),
        ("limited rights", "token_limited"),
        ("limited servers", "token_limited"),
        ("gone", "snapshot_gone"),
    ],
)
def test_what_changed_meanwhile_refuses_it_for_good(desk, clock, change, code):
    planned = plan(desk, desk.server())
    match change:
        case "snapshot":
            SandboxSnapshot.objects.filter(pk=planned.snapshot_id).update(description="another one")
        case "role":
            desk.user.role = "operator"
            desk.user.save()
        case "limited rights":
            limit(desk, rights=["snapshots.create"])
        case "limited servers":
            limit(desk, servers=[999_999])
        case "token":
            desk.token.delete()
        case "gone":
            SandboxSnapshot.objects.filter(pk=planned.snapshot_id).delete()
    assert run_at(clock, planned.due_at) == 1
    planned.refresh_from_db()
    assert (planned.state, planned.code) == (State.REFUSED, code)
    row = Entry.objects.get(action="deletion.refuse")
    assert (row.result, row.code, row.channel) == ("refused", code, "schedule")
    clock.shift(86_400)
    assert due.run_due() == 0
    assert not Operation.objects.exists()


def test_a_server_held_by_a_restore_is_tried_again_until_it_is_free(desk, clock):
    view = desk.server()
    planned = plan(desk, view)
    clock.move_to(planned.due_at - 60 * SECOND)
    desk.restore(view, view.snapshots[-1])
    assert run_at(clock, planned.due_at) == 0
    planned.refresh_from_db()
    assert (planned.state, planned.code, planned.tries) == (State.WAITING, "server_held", 1)
    assert due.run_due() == 0, "the next try waits for its pause"
    assert Entry.objects.filter(result="refused").count() == 1
    for _minute in range(30):
        clock.shift(60)
        desk.views()
    assert due.run_due() == 1
    assert len(deletes_of(planned.snapshot_id)) == 1


def test_one_whose_worker_died_before_its_call_is_sent_by_the_next(desk, clock, monkeypatch):
    planned = plan(desk, desk.server())
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr("snapshots.operations.dispatch.mark_sent", die)
        run_at(clock, planned.due_at)
    assert Operation.objects.get().state == OperationState.PENDING
    due.run_due()
    assert Operation.objects.get().state == OperationState.ACCEPTED


def test_one_that_was_closed_as_never_sent_is_sent_with_a_new_operation(desk, clock, monkeypatch):
    planned = plan(desk, desk.server())
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr("snapshots.operations.dispatch.mark_sent", die)
        run_at(clock, planned.due_at)
    clock.shift(600)
    desk.views()
    assert Operation.objects.get().code == "never_sent"
    assert due.run_due() == 1
    planned.refresh_from_db()
    assert (planned.state, planned.sends) == (State.WAITING, 1)
    assert Entry.objects.get(action="deletion.wait_again").code == "never_sent"
    clock.shift(60)
    assert due.run_due() == 1
    assert [one.state for one in deletes_of(planned.snapshot_id)] == [
        OperationState.ACCEPTED,
        OperationState.FAILED,
    ]


def die(*_args) -> None:
    raise Killed


def test_one_that_the_provider_refused_is_not_repeated(desk, clock):
    planned = plan(desk, desk.server())
    run_at(clock, planned.due_at)
    Operation.objects.update(state=OperationState.FAILED, code="forbidden")
    assert due.run_due() == 1
    planned.refresh_from_db()
    assert (planned.state, planned.code) == (State.FAILED, "forbidden")
    clock.shift(86_400)
    assert due.run_due() == 0


def test_a_server_has_its_own_grace_time(desk, settings):
    view = desk.server()
    set_grace(actor=desk.actor, server_id=view.server_id, server_name=view.name, days=7, reason="database")
    assert grace_days(view.server_id) == 7
    row = Entry.objects.get(action="deletion.set_grace")
    assert (row.server_id, row.reason, row.full_evidence) == (view.server_id, "database", "3 → 7 days")
    with pytest.raises(OperationRefusedError, match="bad_grace"):
        set_grace(actor=desk.actor, server_id=view.server_id, server_name=view.name, days=8)


def test_shortening_the_grace_time_changes_nothing_that_waits(desk):
    view = desk.server()
    planned = plan(desk, view)
    put_grace(view, 0)
    before = planned.due_at
    planned.refresh_from_db()
    assert planned.due_at == before
    assert due.run_due() == 0
