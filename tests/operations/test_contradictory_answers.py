"""A success status whose body reports a failure makes the operation unknown until evidence reconciles it."""

import pytest
from django.urls import reverse

from snapshots.audit.models import Entry
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action, Finding, State
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db

ACTIONS = [Action.CREATE, Action.RESTORE, Action.DELETE]
SERVER = {"id": 7, "name": "web", "status": "active"}
BUSY = "Server is busy, not done"
DENIALS = {
    "status": {"status": "error", "message": BUSY, "server": SERVER},
    "failed": {"status": "failed", "message": BUSY, "server": {}},
    "flag": {"success": False, "message": BUSY},
    "error": {"status": "success", "error": BUSY, "server": SERVER},
}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("status", [200, 202])
@pytest.mark.parametrize("denial", DENIALS)
def test_the_operation_is_unknown_and_the_providers_message_is_on_the_page_and_in_the_log(
    imaginary_desk, imaginary, signed_in, action, status, denial
):
    view = imaginary_desk.server("web")
    imaginary.say(status, DENIALS[denial])
    operation = imaginary_desk.operate(action, view)
    assert (operation.state, operation.code) == (State.UNKNOWN, "contradictory")
    page = text_of(signed_in(imaginary_desk.user).get(reverse("operation_detail", args=[operation.pk])))
    assert f"The provider said: “{BUSY}”" in page
    assert "its message says that it failed" in page
    row = Entry.objects.get(operation_id=operation.pk, phase="outcome")
    assert (row.result, row.provider_status, row.provider_message) == ("unknown", status, BUSY)
    imaginary_desk.views()
    operation.refresh_from_db()
    assert operation.state == State.UNKNOWN


@pytest.mark.parametrize(
    ("action", "state"),
    [
        (Action.CREATE, State.ACCEPTED),
        (Action.RESTORE, State.ACCEPTED),
        (Action.DELETE, State.RECONCILED),
    ],
)
def test_a_write_that_was_carried_out_despite_the_denial_is_found_by_evidence(
    imaginary_desk, imaginary, action, state
):
    view = imaginary_desk.server("web")
    imaginary.mode = "denied, and done"
    operation = imaginary_desk.operate(action, view)
    assert operation.state == State.UNKNOWN
    imaginary_desk.views()
    operation.refresh_from_db()
    assert operation.state == state
    assert action != Action.DELETE or operation.finding == Finding.HAPPENED


def test_a_restore_with_a_contradictory_answer_holds_its_server(imaginary_desk, imaginary):
    view = imaginary_desk.server("web")
    imaginary.say(200, DENIALS["status"])
    imaginary_desk.operate(Action.RESTORE, view)
    with pytest.raises(OperationRefusedError, match="server_held"):
        imaginary_desk.create(view)


@pytest.mark.parametrize(
    ("action", "body", "code"),
    [
        (Action.RESTORE, {}, "unreadable"),
        (Action.RESTORE, {"message": BUSY}, "unreadable"),
        (Action.RESTORE, {"message": BUSY, "server": {}}, "unreadable"),
        (Action.RESTORE, {"message": BUSY, "server": SERVER}, "unreadable"),
        (Action.RESTORE, {"status": "success", "server": {"id": 1, "status": "restoring"}}, "other_answer"),
        (Action.RESTORE, {"status": "success", "snapshot": {"id": 1}}, "other_answer"),
        (Action.CREATE, {"message": BUSY}, "unreadable"),
        (Action.CREATE, {"status": "error", "message": BUSY}, "contradictory"),
        (Action.DELETE, {"detail": BUSY}, "unreadable"),
        (Action.DELETE, b"<h1>Please sign in</h1>", "unreadable"),
    ],
)
def test_a_success_status_whose_body_does_not_match_the_request_is_unknown(
    imaginary_desk, imaginary, action, body, code
):
    view = imaginary_desk.server("web")
    imaginary.say(200, body)
    operation = imaginary_desk.operate(action, view)
    assert (operation.state, operation.code) == (State.UNKNOWN, code)
    assert operation.provider_message in {BUSY, ""}
    assert (BUSY in str(body)) == (operation.provider_message == BUSY)


@pytest.mark.parametrize("word", ["success", "SUCCESS", "Accepted"])
def test_a_restore_whose_answer_confirms_it_is_accepted(imaginary_desk, imaginary, word):
    view = imaginary_desk.server("web")
    imaginary.say(200, {"status": word, "message": "Begun", "server": SERVER | {"status": "Restoring"}})
    operation = imaginary_desk.operate(Action.RESTORE, view)
    assert (operation.state, operation.said_restoring) == (State.ACCEPTED, True)
