"""The rows that an operation leaves in the audit log, column by column, whoever or whatever changed its state."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from snapshots.audit.journal import Actor
from snapshots.audit.models import Entry
from snapshots.contract import ServerRef
from snapshots.operations import attention, service
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action, Operation, State
from snapshots.operations.reconciliation import reconcile
from snapshots.operations.transitions import transition
from tests.support.evidence import created_snapshot, observe, open_operation

pytestmark = pytest.mark.django_db
COLUMNS = (
    "phase", "action", "result", "code", "actor_id", "actor_name", "actor_role", "settled_by", "server_id",
    "server_name", "snapshot_id", "snapshot_name", "reason", "evidence", "address", "channel", "token_label",
    "token_fingerprint", "request_id", "provider_status", "provider_message",
)  # fmt: skip


def last_row(**filters: Any) -> dict[str, Any]:
    entry = Entry.objects.filter(**filters).order_by("-sequence").first()
    assert entry is not None
    return {name: getattr(entry, name) for name in COLUMNS}


def known(desk, operation: Operation) -> dict[str, Any]:
    """What every row of an operation says."""
    return {
        "action": operation.action,
        "actor_id": desk.user.pk,
        "actor_name": "Mia",
        "actor_role": "manager",
        "server_id": operation.server_id,
        "server_name": operation.server_name,
        "snapshot_id": operation.snapshot_id,
        "snapshot_name": operation.snapshot_name,
        "token_label": "Team token",
        "token_fingerprint": desk.token.fingerprint,
    }


def empty(**columns: Any) -> dict[str, Any]:
    texts = dict.fromkeys(
        ("code", "settled_by", "reason", "evidence", "address", "request_id", "provider_message"), ""
    )
    return texts | {"provider_status": None} | columns


def test_the_intent_says_who_what_where_and_why(desk):
    view = desk.server()
    operation = desk.create(view, name="weekly", reason="  before the upgrade ")
    operation.snapshot_id = None  # known only from the answer
    assert last_row(phase="intent") == empty(
        **known(desk, operation),
        phase="intent",
        result="pending",
        reason="before the upgrade",
        address="127.0.0.1",
        channel="browser",
        request_id="test",
    )
    assert (operation.server_name, operation.snapshot_name) == (view.name, "weekly")


def test_the_answer_is_recorded_without_an_address_because_evidence_has_none(desk):
    view = desk.server()
    operation = desk.create(view, reason="before the upgrade")
    assert last_row(phase="outcome") == empty(
        **known(desk, operation),
        phase="outcome",
        result="accepted",
        reason="before the upgrade",
        channel="evidence",
        provider_status=201,
        provider_message=operation.provider_message,
    )
    assert operation.provider_message


def test_a_person_who_closes_an_operation_is_named_beside_the_one_who_requested_it(desk, cast):
    operation = open_operation(desk, reason="the upgrade went wrong")
    ada = Actor(id=cast.ada.pk, name="Ada", role="admin", address="203.0.113.7", request_id="r-9")
    closed = attention.close_operation(
        actor=ada, operation=operation, finding="happened", reason="the console shows it"
    )
    assert closed is operation
    assert last_row() == empty(
        **known(desk, operation),
        phase="outcome",
        result="reconciled",
        settled_by="Ada (admin)",
        reason="the upgrade went wrong",
        evidence="A person says: “the console shows it”",
        address="203.0.113.7",
        channel="browser",
        request_id="r-9",
    )
    assert (operation.state, operation.finding) == (State.RECONCILED, "happened")


def test_a_transition_records_its_own_reason_and_duration(desk):
    operation = open_operation(desk, state=State.SENT, reason="the first reason")
    changed = transition(
        operation,
        State.FAILED,
        expect=[State.SENT],
        code="deadline",
        reason="another reason",
        duration_ms=812,
    )
    row = Entry.objects.get(operation_id=operation.pk)
    assert (changed, row.reason, row.duration_ms, row.code) == (True, "another reason", 812, "deadline")
    operation.refresh_from_db()
    assert operation.reason == "the first reason"


@pytest.mark.parametrize("state", [State.COMPLETED, State.FAILED, State.RECONCILED])
def test_the_time_of_an_end_is_kept(desk, state):
    operation = open_operation(desk)
    before = timezone.now()
    transition(operation, state, expect=[State.UNKNOWN])
    assert before <= operation.ended_at <= timezone.now()
    assert operation.accepted_at is None


def test_the_time_of_acceptance_is_that_of_the_first(desk):
    operation = open_operation(desk)
    transition(operation, State.ACCEPTED, expect=[State.UNKNOWN])
    first = operation.accepted_at
    assert first is not None
    transition(operation, State.UNKNOWN, expect=[State.ACCEPTED])
    transition(operation, State.ACCEPTED, expect=[State.UNKNOWN])
    assert (operation.accepted_at, operation.ended_at) == (first, None)


def test_a_change_that_its_guard_refuses_is_undone_with_its_row(desk):
    operation = open_operation(desk)

    def refuse() -> None:
        assert Entry.objects.filter(operation_id=operation.pk, result="completed").exists()
        raise OperationRefusedError("not_allowed_any_more")

    with pytest.raises(OperationRefusedError):
        transition(operation, State.COMPLETED, expect=[State.UNKNOWN], guard=refuse)
    assert not Entry.objects.filter(operation_id=operation.pk).exists()
    assert Operation.objects.get(pk=operation.pk).state == State.UNKNOWN


def test_a_state_that_is_not_expected_changes_nothing(desk):
    operation = open_operation(desk)
    assert transition(operation, State.COMPLETED, expect=[State.SENT, State.ACCEPTED]) is False
    assert not Entry.objects.filter(operation_id=operation.pk).exists()
    assert Operation.objects.get(pk=operation.pk).state == State.UNKNOWN


def test_a_refusal_names_the_server_the_snapshot_and_the_token(desk):
    view = desk.server()
    snapshot = desk.snapshot(view)
    with pytest.raises(OperationRefusedError, match="name_mismatch"):
        desk.restore(view, snapshot, typed_name="another")
    assert last_row() == empty(
        phase="event",
        action="snapshot.restore",
        result="refused",
        code="name_mismatch",
        actor_id=desk.user.pk,
        actor_name="Mia",
        actor_role="manager",
        server_id=view.server_id,
        server_name=view.name,
        snapshot_id=snapshot.id,
        snapshot_name=snapshot.name,
        reason="the upgrade went wrong",
        address="127.0.0.1",
        channel="browser",
        request_id="test",
        token_label="Team token",
        token_fingerprint=desk.token.fingerprint,
    )


def test_a_refusal_without_a_valid_confirmation_names_only_the_token(desk):
    with pytest.raises(OperationRefusedError, match="confirmation_invalid"):
        service.delete_snapshot(actor=desk.actor, token=desk.token, confirmation="nothing")
    row = last_row()
    place = ("server_id", "server_name", "snapshot_id", "snapshot_name")
    assert [row[name] for name in place] == [None, "", None, ""]
    assert (row["result"], row["code"], row["token_label"]) == (
        "refused",
        "confirmation_invalid",
        "Team token",
    )


def test_an_operation_keeps_what_was_known_before_it(desk):
    view = desk.server()
    snapshot = desk.snapshot(view)
    listed = sorted(one.id for other in desk.views() for one in other.snapshots)
    before = timezone.now()
    operation = Operation.objects.get(pk=desk.delete(view, snapshot, reason=" no\x00t needed ").pk)
    assert sorted(operation.known_snapshot_ids) == listed
    assert operation.knew_all_snapshots
    assert operation.was_restoring is False
    assert (operation.token_id, operation.token_label) == (desk.token.pk, desk.token.label)
    assert operation.token_fingerprint == desk.token.fingerprint
    assert (operation.actor_id, operation.actor_name, operation.actor_role) == (
        desk.user.pk,
        "Mia",
        "manager",
    )
    assert (operation.snapshot_id, operation.snapshot_name) == (snapshot.id, snapshot.name)
    assert operation.snapshot_created_at == snapshot.created_at
    assert operation.reason == "no\N{REPLACEMENT CHARACTER}t needed"
    assert before <= operation.created_at <= operation.sent_at <= operation.accepted_at


def test_the_reason_of_an_override_follows_the_reason_of_the_operation(desk):
    view = desk.server()
    desk.restore(view, desk.snapshot(view))
    with_reason = desk.create(view, reason="needed", override_reason=" told to\x00 ")
    assert with_reason.reason == "needed\nOverride: told to\N{REPLACEMENT CHARACTER}"
    without = desk.create(view, name="another", override_reason="told to")
    assert without.reason == "Override: told to"


def test_the_sum_of_a_reading_is_how_many_operations_it_moved(desk):
    creates = [
        open_operation(
            desk,
            Action.CREATE,
            idempotency_key=name,
            state=State.ACCEPTED,
            accepted_at=timezone.now() - timedelta(minutes=1),
            snapshot_id=number,
            snapshot_name=name,
        )
        for number, name in ((9001, "one"), (9002, "two"))
    ]
    snapshots = [
        created_snapshot(one, id=one.snapshot_id, status="completed", server=ServerRef(one.server_id))
        for one in creates
    ]
    assert reconcile(observe(desk, creates[0], snapshots=snapshots)) == 2
