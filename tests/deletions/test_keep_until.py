"""A snapshot may carry a date: kept to the end of that day, with a reminder before, then deleted in the name of who set it."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from snapshots.audit.models import Entry
from snapshots.deletions import due, keeping
from snapshots.deletions.models import Kind, PlannedDeletion, State
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Operation
from tests.support.deletions import deletes_of, plan, request, run_at, target_of
from tests.support.desk import make_desk
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def clock(settings):
    settings.SNAPPORTAL_SANDBOX_SPEED = 1
    with time_machine.travel(datetime(2026, 11, 28, 15, tzinfo=UTC), tick=True) as traveller:
        yield traveller


def in_days(days: int):
    return timezone.now().astimezone(UTC).date() + timedelta(days=days)


def set_date(desk, view, days: int = 10, **more) -> PlannedDeletion:
    return keeping.set_keep_until(actor=desk.actor, target=target_of(desk, view), until=in_days(days), **more)


def test_it_is_kept_to_the_end_of_the_day_and_then_deleted(desk, clock):
    planned = set_date(desk, desk.server(), reason="until the release")
    assert planned.due_at == datetime(2026, 12, 9, tzinfo=UTC)
    assert run_at(clock, planned.due_at - timedelta(seconds=5)) == 0
    assert run_at(clock, planned.due_at) == 1
    assert deletes_of(planned.snapshot_id)[0].actor_name == "Mia"
    assert Entry.objects.get(action="deletion.keep_until").full_evidence == "Due 2026-12-09 00:00 UTC."


def test_a_date_is_changed_by_another_person_who_then_answers_for_the_delete(desk, cast, clock, sandbox):
    view = desk.server()
    first = set_date(desk, view)
    ada = make_desk(cast.ada, sandbox.token)
    second = set_date(ada, view, days=20)
    first.refresh_from_db()
    assert (first.state, first.ended_by_id) == (State.REPLACED, cast.ada.pk)
    assert run_at(clock, first.due_at) == 0
    run_at(clock, second.due_at)
    assert deletes_of(second.snapshot_id)[0].actor_name == "Ada"


@pytest.mark.parametrize("days", [-1, 3651])
def test_a_date_that_is_over_or_too_far_is_refused(desk, days):
    with pytest.raises(OperationRefusedError, match="bad_date"):
        set_date(desk, desk.server(), days=days)
    assert not PlannedDeletion.objects.exists()


def test_today_is_possible(desk):
    assert set_date(desk, desk.server(), days=0).due_at == datetime(2026, 11, 29, tzinfo=UTC)


def test_a_snapshot_that_is_still_being_created_has_no_date(desk):
    view = desk.server()
    desk.create(view, name="new-one")
    view = desk.server(view.name)
    moving = next(one for one in view.snapshots if one.is_moving)
    with pytest.raises(OperationRefusedError, match="snapshot_unready"):
        keeping.set_keep_until(actor=desk.actor, target=target_of(desk, view, moving), until=in_days(3))


def test_the_reminder_is_written_once_three_days_before(desk, clock):
    planned = set_date(desk, desk.server())
    clock.move_to(planned.due_at - due.REMIND_BEFORE - timedelta(seconds=5))
    assert due.remind_due() == 0
    clock.shift(10)
    assert due.remind_due() == 1
    assert due.remind_due() == 0
    row = Entry.objects.get(action="deletion.remind")
    assert (row.target, row.actor_id, row.channel) == (str(planned.pk), desk.user.pk, "schedule")


def test_one_click_extends_it_and_it_is_reminded_of_again(desk, clock):
    planned = set_date(desk, desk.server())
    clock.move_to(planned.due_at - timedelta(days=1))
    assert due.remind_due() == 1
    longer = keeping.extend(actor=desk.actor, planned=planned)
    assert longer.due_at == planned.due_at + timedelta(days=keeping.EXTEND_DAYS)
    assert run_at(clock, planned.due_at) == 0
    clock.move_to(longer.due_at - timedelta(days=1))
    assert due.remind_due() == 1
    assert run_at(clock, longer.due_at) == 1
    assert Operation.objects.count() == 1


def test_one_that_a_colleague_extends_is_deleted_in_their_name_with_their_own_token(
    desk, cast, clock, sandbox
):
    planned = set_date(desk, desk.server())
    ada = make_desk(cast.ada, sandbox.token, label="Ada's copy")
    longer = keeping.extend(actor=ada.actor, planned=planned)
    assert (longer.person_id, longer.token_id, longer.token_label) == (
        cast.ada.pk,
        ada.token.pk,
        "Ada's copy",
    )
    assert run_at(clock, longer.due_at) == 1
    assert deletes_of(longer.snapshot_id)[0].actor_name == "Ada"
    assert not Entry.objects.filter(action="deletion.refuse").exists()


def test_a_colleague_without_a_token_of_the_server_does_not_extend_it(desk, cast, signed_in):
    planned = set_date(desk, desk.server())
    ada = signed_in(cast.ada)
    assert "days longer" not in text_of(ada.get(reverse("deletion_detail", args=[planned.pk])))
    answer = ada.post(reverse("deletion_extend", args=[planned.pk]))
    assert answer.status_code == 409
    assert "No token that is stored for you shows this server" in text_of(answer)
    assert PlannedDeletion.objects.waiting().get() == planned


def test_one_that_was_kept_is_not_extended(desk):
    planned = set_date(desk, desk.server())
    keeping.keep(actor=desk.actor, planned=planned)
    with pytest.raises(OperationRefusedError, match="deletion_over"):
        keeping.extend(actor=desk.actor, planned=planned)
    assert not PlannedDeletion.objects.waiting().exists()


def test_removing_the_date_keeps_the_snapshot(desk, clock):
    planned = set_date(desk, desk.server())
    keeping.keep(actor=desk.actor, planned=planned)
    assert run_at(clock, planned.due_at) == 0


def test_a_deletion_with_a_grace_time_replaces_a_date_but_no_date_replaces_it(desk, settings):
    settings.SNAPPORTAL_DELETE_GRACE_DAYS = 2
    view = desk.server()
    dated = set_date(desk, view)
    waiting = plan(desk, view)
    dated.refresh_from_db()
    assert (dated.state, waiting.kind) == (State.REPLACED, Kind.GRACE)
    with pytest.raises(OperationRefusedError, match="deletion_planned"):
        set_date(desk, view)
    with pytest.raises(OperationRefusedError, match="deletion_planned"):
        keeping.extend(actor=desk.actor, planned=waiting)


def test_a_delete_at_once_ends_the_date_too(desk):
    view = desk.server()
    dated = set_date(desk, view)
    operation = request(desk, view)
    dated.refresh_from_db()
    assert (dated.state, dated.operation_id) == (State.SENT, operation.pk)
