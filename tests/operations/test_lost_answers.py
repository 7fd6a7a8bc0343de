"""Faults of the provider over a real socket: no state claims more than is known, and nothing is sent twice."""

import json

import pytest

from snapshots.audit.models import Entry
from snapshots.operations import dispatch
from snapshots.operations.models import Action, Finding, Operation, State

ACTIONS = [Action.CREATE, Action.RESTORE, Action.DELETE]
METHODS = {Action.CREATE: "POST", Action.RESTORE: "POST", Action.DELETE: "DELETE"}

FAULTS_AFTER_THE_WRITE = {
    "reset_after": {},
    "hang_after": {"seconds": 2.0},
    "status": {"status": 502, "work": True},
    "drip_headers": {"seconds": 0.2},
}
UNREADABLE = {
    "truncate": {},
    "garbage": {},
    "html": {},
    "wrong_length": {},
    "drip_body": {"seconds": 0.2},
    "huge": {},
}
FAULTS_BEFORE_THE_WRITE = {
    "reset_before": {},
    "hang_before": {"seconds": 2.0},
    "redirect": {},
    "status": {"status": 500},
}


@pytest.fixture(autouse=True)
def short_deadline(far_desk, settings) -> None:
    settings.SNAPPORTAL_API_TIMEOUT_SECONDS = 1.0


def write_calls(http_sandbox) -> list[tuple[str, str]]:
    return [call for call in http_sandbox.calls if call[0] != "GET"]


def results() -> list[str]:
    return list(Entry.objects.filter(phase="outcome").order_by("sequence").values_list("result", flat=True))


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("mode", FAULTS_AFTER_THE_WRITE)
def test_an_answer_lost_after_the_write_is_unknown_and_later_reconciled_by_evidence(
    far_desk, http_sandbox, mode, action
):
    view = far_desk.server()
    http_sandbox.misbehave(mode, method=METHODS[action], **FAULTS_AFTER_THE_WRITE[mode])
    operation = far_desk.operate(action, view)
    assert operation.state == State.UNKNOWN
    assert len(write_calls(http_sandbox)) == 1
    assert len(http_sandbox.writes) == 1
    far_desk.views()  # any later reading is evidence
    operation.refresh_from_db()
    assert operation.evidence
    if action == Action.DELETE:
        assert (operation.state, operation.finding) == (State.RECONCILED, Finding.HAPPENED)
    else:  # the list shows only that it has started
        assert operation.state == State.ACCEPTED
    assert results()[0] == "unknown"
    assert len(write_calls(http_sandbox)) == 1


@pytest.mark.parametrize("action", [Action.CREATE, Action.RESTORE])
@pytest.mark.parametrize("mode", UNREADABLE)
def test_an_answer_that_cannot_be_read_is_unknown(far_desk, http_sandbox, mode, action):
    view = far_desk.server()
    http_sandbox.misbehave(mode, method="POST", **UNREADABLE[mode])
    operation = far_desk.operate(action, view)
    assert operation.state == State.UNKNOWN
    assert len(write_calls(http_sandbox)) == 1


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("mode", FAULTS_BEFORE_THE_WRITE)
def test_a_request_lost_before_the_write_is_never_shown_as_done(far_desk, http_sandbox, mode, action):
    view = far_desk.server()
    http_sandbox.misbehave(mode, method=METHODS[action], **FAULTS_BEFORE_THE_WRITE[mode])
    operation = far_desk.operate(action, view)
    assert operation.state == State.UNKNOWN
    assert http_sandbox.writes == []
    for _ in range(3):
        far_desk.views()
    operation.refresh_from_db()
    assert operation.state == State.UNKNOWN
    assert results() == ["unknown"]
    assert len(write_calls(http_sandbox)) == 1


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 429])
def test_a_refusal_by_the_provider_is_failed_with_its_status(far_desk, http_sandbox, action, status):
    view = far_desk.server()
    mode = {"mode": "rate_limit"} if status == 429 else {"mode": "status", "status": status}
    http_sandbox.misbehave(method=METHODS[action], **mode)
    operation = far_desk.operate(action, view)
    is_gone = action == Action.DELETE and status == 404  # "already gone", if the list agrees
    assert operation.state == (State.UNKNOWN if is_gone else State.FAILED)
    assert operation.provider_status == status
    assert http_sandbox.writes == []


@pytest.mark.parametrize("action", ACTIONS)
def test_when_the_list_cannot_be_confirmed_nothing_is_sent(far_desk, http_sandbox, action):
    from snapshots.operations.errors import OperationRefusedError

    view = far_desk.server()
    snapshot = far_desk.snapshot(view)
    confirmation = far_desk.confirm(action, view, None if action == Action.CREATE else snapshot)
    http_sandbox.misbehave("status", status=500, times=0)
    with pytest.raises(OperationRefusedError, match="not_confirmed_live"):
        far_desk.operate(action, view, confirmation=confirmation)
    assert write_calls(http_sandbox) == []
    assert not Operation.objects.exists()


def test_an_unknown_restore_holds_the_server(far_desk, http_sandbox):
    from snapshots.operations.errors import OperationRefusedError

    view = far_desk.server()
    http_sandbox.misbehave("reset_before", method="POST")
    assert far_desk.operate(Action.RESTORE, view).state == State.UNKNOWN
    with pytest.raises(OperationRefusedError, match="server_held"):
        far_desk.create(view)
    assert len(write_calls(http_sandbox)) == 1


def test_two_unknown_creates_with_one_name_are_not_reconciled_by_one_snapshot(far_desk, http_sandbox):
    view = far_desk.server()
    http_sandbox.misbehave("reset_before", method="POST")
    first = far_desk.create(view, name="same-name")
    http_sandbox.misbehave("reset_after", method="POST")
    second = far_desk.create(view, name="same-name")
    far_desk.views()
    for operation in (first, second):
        operation.refresh_from_db()
        assert operation.state == State.UNKNOWN


@pytest.mark.parametrize(
    "body",
    [
        {"results": []},
        {"count": 14, "next": None, "results": []},
        {"count": 0, "results": [], "next": {"page": 2}},
    ],
)
def test_an_incomplete_list_never_proves_a_delete(far_desk, http_sandbox, body):
    view = far_desk.server()
    http_sandbox.misbehave("reset_before", method="DELETE")
    operation = far_desk.operate(Action.DELETE, view)
    http_sandbox.misbehave(
        "answer", method="GET", path_prefix="/api/v1/snapshots/", status=200, body=json.dumps(body), times=3
    )
    far_desk.views()
    operation.refresh_from_db()
    assert operation.state == State.UNKNOWN


def test_an_answer_after_the_operation_was_closed_as_interrupted_still_counts(far_desk, monkeypatch):
    from snapshots.upstream.client import SnapshotClient

    view = far_desk.server()
    original = SnapshotClient.delete_snapshot

    def delayed_delete(client, snapshot_id):
        Operation.objects.update(state=State.UNKNOWN, code="interrupted")
        return original(client, snapshot_id)

    monkeypatch.setattr(SnapshotClient, "delete_snapshot", delayed_delete)
    assert far_desk.operate(Action.DELETE, view).state == State.ACCEPTED


def test_an_operation_closed_as_never_sent_is_not_sent(far_desk, http_sandbox, monkeypatch):
    view = far_desk.server()
    original = dispatch.client_for

    def delayed_client(token):
        Operation.objects.update(state=State.FAILED, code="never_sent")
        return original(token)

    monkeypatch.setattr(dispatch, "client_for", delayed_client)
    assert far_desk.operate(Action.CREATE, view).state == State.FAILED
    assert write_calls(http_sandbox) == []
