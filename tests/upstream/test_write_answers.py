"""A success status is a success only if the body does not contradict it."""

import json

import pytest

from snapshots.contract import ContradictoryAnswerError, UnreadableAnswerError
from snapshots.upstream import errors, parsing
from snapshots.upstream.write_answers import to_created, to_deleted, to_restore_started
from tests.support.provider import make_client

SERVER = {"id": 12345, "name": "web-server-01", "status": "restoring"}
AT_REST = SERVER | {"status": "active"}
SNAPSHOT = {
    "id": 802,
    "server": {"id": 12345, "name": "web-server-01"},
    "name": "before-update",
    "status": "in_progress",
}
DENIALS = [
    {"success": False},
    {"success": "false"},
    {"success": 0},
    {"ok": False},
    {"error": "Server is busy, not done"},
    {"error": {"code": 17, "message": "busy"}},
    {"errors": ["busy"]},
    {"error_message": "busy"},
    {"failed": True},
    {"code": 500},
    {"status_code": 409},
    {"result": "failed"},
    {"result": {"status": "failed"}},
    {"data": {"error": "busy"}},
    {"data": {"success": False}},
    {"response": {"code": 500}},
]
"""Whatever else the body holds."""
DENYING_WORDS = ["error", "Failed", "FAILURE", "rejected", "busy", 500, False]


def body(data: object) -> bytes:
    return json.dumps(data).encode()


@pytest.mark.parametrize(
    "data",
    [
        {"status": "success", "message": "Server is being restored.", "server": SERVER},
        {"status": "SUCCESS", "server": AT_REST},
        {"status": "success", "server": {}, "error": None, "errors": []},
        {"status": "success"},
        {"status": "In Progress", "server": SERVER},
        {"status": 200, "server": SERVER},
        {"success": True},
        {"server": SERVER},
        {"status": "", "server": SERVER | {"status": "RESTORING"}},
        {"server": {"id": 12345}},
    ],
)
def test_a_restore_has_begun_if_the_body_says_so(data):
    assert to_restore_started(body(data)).status == 200


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"message": "Server is busy, not restored"},
        {"detail": "Server is busy, not restored"},
        {"server": {}},
        {"server": AT_REST},
        {"server": SERVER | {"status": "Stopped"}},
        {"status": "perhaps", "server": SERVER},
        {"status": {"code": 1}, "server": SERVER},
        {"status": "success", "server": {"id": "none"}},
    ],
)
def test_a_restore_that_the_body_does_not_confirm_is_unreadable(data):
    with pytest.raises(UnreadableAnswerError) as caught:
        to_restore_started(body(data))
    assert not isinstance(caught.value, ContradictoryAnswerError)


@pytest.mark.parametrize("status", [200, 202])
@pytest.mark.parametrize(
    "data",
    [
        {},
        None,
        {"status": "Success"},
        {"success": True},
        {"id": 802, "status": "deleting"},
    ],
)
def test_a_delete_is_accepted_if_the_body_does_not_contradict_it(data, status):
    assert to_deleted(body(data), status).status == status
    assert to_deleted(b"", status).status == status


@pytest.mark.parametrize("said", [b"<h1>Please sign in</h1>", b"[]", b'"deleted"', b"{"])
def test_a_delete_answered_with_another_body_is_unreadable(said):
    with pytest.raises(UnreadableAnswerError):
        to_deleted(said, 200)


@pytest.mark.parametrize("data", [{"status": "perhaps"}, {"detail": "Not now."}])
def test_a_delete_whose_message_may_be_an_error_is_not_accepted(data):
    with pytest.raises(UnreadableAnswerError):
        to_deleted(body(data), 202)


@pytest.mark.parametrize("text", ["Snapshot could not be deleted", "The snapshot is being deleted"])
def test_a_delete_answered_with_a_message_alone_is_unreadable(text):
    with pytest.raises(UnreadableAnswerError):
        to_deleted(body({"message": text}), 200)


def test_a_delete_answered_with_a_snapshot_gives_the_id_of_that_snapshot():
    assert to_deleted(body({"id": 2, "status": "deleted"}), 200).snapshot_id == 2


def test_the_documented_answer_to_a_delete_has_no_body_to_read():
    assert to_deleted(b"anything", 204).status == 204


@pytest.mark.parametrize("denial", DENIALS)
def test_a_body_that_reports_a_failure_contradicts_every_write(denial):
    for read, told in (
        (to_restore_started, {"status": "success", "server": SERVER}),
        (lambda said: to_deleted(said, 200), {"status": "success"}),
        (to_created, SNAPSHOT),
    ):
        with pytest.raises(ContradictoryAnswerError):
            read(body(told | denial))


@pytest.mark.parametrize("word", DENYING_WORDS)
def test_a_status_word_for_failure_contradicts_a_restore_and_a_delete(word):
    with pytest.raises(ContradictoryAnswerError):
        to_restore_started(body({"status": word, "server": SERVER}))
    with pytest.raises(ContradictoryAnswerError):
        to_deleted(body({"status": word}), 202)


def test_a_failed_server_contradicts_a_restore():
    with pytest.raises(ContradictoryAnswerError):
        to_restore_started(body({"status": "success", "server": SERVER | {"status": "error"}}))


def test_a_failure_status_without_a_snapshot_contradicts_a_create():
    with pytest.raises(ContradictoryAnswerError):
        to_created(body({"status": "error", "message": "Server is busy"}))


@pytest.mark.parametrize("status", ["error", "Failed"])
def test_the_status_of_a_complete_snapshot_is_the_snapshots_own(status):
    assert to_created(body(SNAPSHOT | {"status": status})).snapshot.is_failed


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"status": "error", "message": "Server is busy"}, "Server is busy"),
        ({"error": "busy", "message": "Server is busy"}, "busy; Server is busy"),
        ({"error": {"code": 17, "message": "Server is busy"}}, "Server is busy"),
        ({"errors": ["Server is busy", {"detail": "Try later"}]}, "Server is busy Try later"),
        ({"error": True, "message": "Server is busy"}, "Server is busy"),
        ({"success": False, "server": {}}, "success: false; server: {}"),
        ({"name": ["too long", "not allowed"]}, "name: too long not allowed"),
    ],
)
def test_the_providers_message_is_found_under_every_usual_key(data, words):
    assert parsing.error_text(body(data)) == words


@pytest.mark.parametrize("verb", ["create", "restore", "delete"])
@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        ('{"success": false, "message": "Not now"}', errors.ContradictoryError, "Not now"),
        ('{"detail": "Not now"}', errors.UnreadableError, "Not now"),
        ("<h1>Please sign in</h1>", errors.UnreadableError, ""),
    ],
)
def test_the_error_contains_the_providers_message_and_the_effect_is_unknown(wire, verb, said, kind, words):
    client = make_client("a-token-of-tests", wire.url)
    wire.misbehave("answer", status=200, body=said)
    calls = {
        "create": lambda: client.create_snapshot(server_id=12345, name="before"),
        "restore": lambda: client.restore_snapshot(802),
        "delete": lambda: client.delete_snapshot(802),
    }
    with pytest.raises(kind) as caught:
        calls[verb]()
    assert (caught.value.message, caught.value.status, caught.value.effect) == (words, 200, "unknown")
    assert len(wire.calls) == 1
