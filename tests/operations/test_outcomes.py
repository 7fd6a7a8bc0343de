"""What each answer of the provider, or the lack of one, makes of an operation: state, code, and what the row keeps of it."""

import time

import httpx
import pytest

from snapshots.audit.journal import JournalUnavailableError
from snapshots.audit.models import Entry
from snapshots.contract import Created, Deleted, RestoreStarted, ServerRef, Snapshot
from snapshots.operations import dispatch
from snapshots.operations.models import Action, Operation, State
from snapshots.upstream.errors import NotFoundError
from tests.support.evidence import lost_create, open_operation

pytestmark = pytest.mark.django_db
WEB = {"id": 7, "name": "web"}


def made(**changes) -> dict:
    values = {"id": 500, "server": WEB, "name": "before-change", "status": "in_progress", "message": "begun"}
    return values | {"created_at": "2026-11-20T10:00:00Z"} | changes


def write(desk, provider, action: Action, status: int, body: object) -> Operation:
    view = desk.server("web")
    provider.say(status, body)
    operation = desk.operate(action, view)
    row = Entry.objects.get(operation_id=operation.pk, phase="outcome")
    assert (row.result, row.code, row.evidence) == (operation.state, operation.code, operation.evidence)
    assert (row.provider_status, row.provider_message) == (
        operation.provider_status,
        operation.provider_message,
    )
    return Operation.objects.get(pk=operation.pk)


def told(operation: Operation) -> tuple:
    return operation.state, operation.code, operation.provider_status, operation.provider_message


def test_an_accepted_create_keeps_the_id_and_time_of_its_snapshot(imaginary_desk, imaginary):
    operation = write(imaginary_desk, imaginary, Action.CREATE, 201, made())
    assert told(operation) == (State.ACCEPTED, "", 201, "begun")
    assert operation.snapshot_id == 500
    assert f"{operation.snapshot_created_at:%Y-%m-%dT%H:%M}" == "2026-11-20T10:00"
    assert (operation.evidence, operation.ended_at) == ("", None)


def test_a_create_answered_with_a_failed_snapshot_has_failed(imaginary_desk):
    outcome = dispatch._outcome_of_answer(
        lost_create(imaginary_desk, snapshot_name="x", server_id=7),
        Created(Snapshot(id=501, server=ServerRef(7), name="x", status="Failed"), "no", 202),
    )
    assert outcome == (
        State.FAILED,
        {
            "provider_status": 202,
            "provider_message": "no",
            "snapshot_id": 501,
            "snapshot_created_at": None,
            "code": "provider_failed",
            "evidence": "The provider's answer gives snapshot 501 as “Failed”.",
        },
    )


@pytest.mark.parametrize("change", [{"name": "other"}, {"server": {"id": 8, "name": "db"}}])
def test_an_answer_about_another_snapshot_makes_a_create_unknown(imaginary_desk, imaginary, change):
    operation = write(imaginary_desk, imaginary, Action.CREATE, 201, made(**change))
    assert told(operation) == (State.UNKNOWN, "other_answer", 201, "begun")
    assert operation.snapshot_id is None


def test_an_answer_with_the_snapshot_of_another_create_makes_a_create_unknown(imaginary_desk, imaginary):
    first = write(imaginary_desk, imaginary, Action.CREATE, 201, made())
    second = write(imaginary_desk, imaginary, Action.CREATE, 201, made())
    assert (first.state, second.state, second.code) == (State.ACCEPTED, State.UNKNOWN, "other_answer")


def test_the_snapshot_of_another_action_is_not_one_that_was_created(imaginary_desk):
    open_operation(imaginary_desk, Action.DELETE, idempotency_key="delete", snapshot_id=501)
    operation = lost_create(imaginary_desk, snapshot_name="x", server_id=7)
    snapshot = Snapshot(id=501, server=ServerRef(7), name="x", status="in_progress")
    assert dispatch._matches_request(operation, Created(snapshot))
    Operation.objects.filter(pk=operation.pk).update(snapshot_id=501)
    assert dispatch._matches_request(operation, Created(snapshot))  # its own row is no other create


@pytest.mark.parametrize(
    ("server", "said"), [({"id": 7, "status": "Restoring"}, True), ({"status": "active"}, False), ({}, False)]
)
def test_a_restore_keeps_whether_the_answer_said_restoring(imaginary_desk, server, said):
    operation = open_operation(imaginary_desk, server_id=7)
    answer = RestoreStarted("begun", server.get("status", ""), server.get("id"), None, 200)
    state, changes = dispatch._outcome_of_answer(operation, answer)
    assert (state, changes) == (
        State.ACCEPTED,
        {"provider_status": 200, "provider_message": "begun", "said_restoring": said},
    )


@pytest.mark.parametrize(
    ("answer", "matches"),
    [
        (RestoreStarted(), True),
        (RestoreStarted(server_id=7), True),
        (RestoreStarted(server_id=8), False),
        (RestoreStarted(snapshot_id=101), True),
        (RestoreStarted(snapshot_id=102), False),
        (RestoreStarted(server_id=7, snapshot_id=102), False),
        (Deleted(), True),
        (Deleted(snapshot_id=101), True),
        (Deleted(snapshot_id=102), False),
    ],
)
def test_an_answer_counts_for_the_server_and_snapshot_that_it_names(imaginary_desk, answer, matches):
    operation = open_operation(imaginary_desk, server_id=7, snapshot_id=101)
    assert dispatch._matches_request(operation, answer) == matches


@pytest.mark.parametrize("action", [Action.RESTORE, Action.DELETE])
def test_an_answer_about_another_snapshot_makes_a_restore_or_delete_unknown(imaginary_desk, action):
    operation = open_operation(imaginary_desk, action, server_id=7, snapshot_id=101)
    answer = RestoreStarted("m", "restoring", 7, 102) if action == Action.RESTORE else Deleted("m", 102, 200)
    outcome = {"provider_status": 200, "provider_message": "m", "code": "other_answer"}
    assert dispatch._outcome_of_answer(operation, answer) == (State.UNKNOWN, outcome)


@pytest.mark.parametrize(
    ("action", "status", "state", "code"),
    [
        (Action.CREATE, 404, State.FAILED, "not_found"),
        (Action.RESTORE, 404, State.FAILED, "not_found"),
        (Action.DELETE, 404, State.UNKNOWN, "already_gone"),
        (Action.DELETE, 410, State.UNKNOWN, "already_gone"),
        (Action.RESTORE, 500, State.UNKNOWN, "server_fault"),
        (Action.DELETE, 500, State.UNKNOWN, "server_fault"),
        (Action.DELETE, 403, State.FAILED, "forbidden"),
    ],
)
def test_an_error_fails_an_operation_only_if_it_had_no_effect(
    imaginary_desk, imaginary, action, status, state, code
):
    operation = write(imaginary_desk, imaginary, action, status, {"detail": "the provider's words"})
    assert told(operation) == (state, code, status, "the provider's words")


def test_the_duration_of_the_call_is_recorded_in_milliseconds(imaginary_desk, imaginary, double):
    view, answer = imaginary_desk.server("web"), double.answer

    def slow(request: httpx.Request) -> httpx.Response:
        time.sleep(0.05 if request.method == "POST" else 0)
        return answer(request)

    double.answer = slow
    operation = imaginary_desk.create(view)
    assert 50 <= Entry.objects.get(operation_id=operation.pk, phase="outcome").duration_ms < 5000


def test_a_token_that_does_not_decrypt_fails_the_operation_and_sends_nothing(imaginary_desk, settings):
    operation = open_operation(imaginary_desk, state=State.PENDING, sent_at=None)
    settings.SNAPPORTAL_TOKEN_KEYS = {"t1": bytes(32)}
    sent = []
    dispatch.send_once(operation, imaginary_desk.token, lambda client, one: sent.append(one))
    operation.refresh_from_db()
    assert (operation.state, operation.code, operation.sent_at, sent) == (State.FAILED, "sealed", None, [])


@pytest.mark.parametrize("state", [State.FAILED, State.SENT, State.UNKNOWN, State.ACCEPTED])
def test_only_a_pending_operation_is_sent(imaginary_desk, state):
    operation = open_operation(imaginary_desk, state=State.PENDING)
    Operation.objects.update(state=state)
    sent = []
    dispatch.send_once(operation, imaginary_desk.token, lambda client, one: sent.append(one))
    assert (sent, operation.state) == ([], state)


def send(desk, answer=Deleted) -> Operation:
    operation = open_operation(desk, Action.DELETE, state=State.PENDING, sent_at=None)
    dispatch.send_once(operation, desk.token, lambda client, one: answer())
    return operation


def test_an_operation_is_marked_as_sent_before_the_call(imaginary_desk):
    def answer() -> Deleted:
        one = Operation.objects.get()
        assert (one.state, one.sent_at is not None) == (State.SENT, True)
        return Deleted()

    operation = send(imaginary_desk, answer)
    assert (operation.state, operation.sent_at) == (State.ACCEPTED, Operation.objects.get().sent_at)


def test_an_answer_counts_though_the_operation_was_taken_for_abandoned(imaginary_desk):
    def answer() -> Deleted:
        Operation.objects.update(state=State.UNKNOWN)
        return Deleted()

    assert send(imaginary_desk, answer).state == State.ACCEPTED


def test_an_answer_after_a_person_closed_the_operation_changes_nothing(imaginary_desk):
    def answer() -> Deleted:
        Operation.objects.update(state=State.RECONCILED)
        return Deleted()

    operation = send(imaginary_desk, answer)
    assert operation.state == Operation.objects.get().state == State.RECONCILED
    assert not Entry.objects.filter(operation_id=operation.pk).exists()


def test_an_outcome_that_cannot_be_written_leaves_the_operation_sent(imaginary_desk, settings):
    def answer() -> Deleted:
        settings.SNAPPORTAL_AUDIT_KEYS = {}
        raise NotFoundError("gone", status=404)

    operation = send(imaginary_desk, answer)
    assert operation.state == Operation.objects.get().state == State.SENT


def test_it_is_an_error_when_not_even_that_nothing_was_sent_can_be_written(imaginary_desk, settings):
    operation = open_operation(imaginary_desk, state=State.PENDING, sent_at=None)
    settings.SNAPPORTAL_TOKEN_KEYS, settings.SNAPPORTAL_AUDIT_KEYS = {"t1": bytes(32)}, {}
    with pytest.raises(JournalUnavailableError):
        dispatch.send_once(operation, imaginary_desk.token, lambda client, one: Deleted())


def test_after_a_write_the_cached_list_is_read_anew(imaginary_desk, monkeypatch):
    expired = []
    monkeypatch.setattr(dispatch, "expire", expired.append)
    send(imaginary_desk)
    assert expired == [imaginary_desk.token]
