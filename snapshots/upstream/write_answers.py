"""Parses answers to writes and decides whether they confirm success. No network.

A success status counts only if the body does not contradict it: a body that reports a failure raises ContradictoryAnswerError,
one that cannot be understood UnreadableAnswerError. Neither is proof: the write may have happened.
"""

from typing import Any, Final, Literal

from snapshots.contract import (
    COMPLETED,
    DELETING,
    IN_PROGRESS,
    RESTORING,
    STEADY_SERVER_STATUSES,
    ContradictoryAnswerError,
    Created,
    Deleted,
    RestoreStarted,
    UnreadableAnswerError,
    check_id,
    clean_text,
    is_failed,
    read_json,
    status_key,
)
from snapshots.upstream.parsing import to_snapshot

NO_CONTENT: Final = 204
HTTP_SUCCESSES: Final = range(200, 300)
HTTP_ERRORS: Final = range(400, 600)
YES_WORDS: Final = frozenset({"success", "successful", "succeeded", "ok", "accepted", "started"})
UNDER_WAY: Final = frozenset({IN_PROGRESS, "inprogress", "processing", "pending", "queued"})
RESTORE_WORDS: Final = YES_WORDS | UNDER_WAY | {RESTORING}
DELETE_WORDS: Final = YES_WORDS | UNDER_WAY | {DELETING, "deleted", "removed", COMPLETED}
"""Includes a snapshot's own status: some APIs return the deleted object."""
NO_WORDS: Final = frozenset(
    {"fail", "false", "no", "rejected", "refused", "denied", "busy", "unsuccessful", "aborted"}
)
"""In addition to the statuses of failed snapshots and servers."""

Verdict = Literal["yes", "no", "silent", "unclear"]


def to_created(body: bytes, status: int = 201) -> Created:
    """Parse the new snapshot. "status" is the snapshot's own: a failed snapshot is a valid answer too."""
    data = read_json(body)
    if _reports_failure(data):
        raise ContradictoryAnswerError("the body says that it failed")
    try:
        snapshot = to_snapshot(data)
    except UnreadableAnswerError:
        if _means_failure(data.get("status")):
            raise ContradictoryAnswerError("the body says that it failed") from None
        raise
    return Created(snapshot, clean_text(data.get("message"), 500), status)


def to_restore_started(body: bytes, status: int = 200) -> RestoreStarted:
    """Parse the answer, which must confirm the start, or at least name a server that is not at rest."""
    data = read_json(body)
    server = _object(data.get("server"))
    server_status = clean_text(server.get("status"), 60)
    verdict = _verdict(data, RESTORE_WORDS)
    if verdict == "no" or is_failed(server_status):
        raise ContradictoryAnswerError("the body says that it failed")
    if verdict == "silent" and server and status_key(server_status) not in STEADY_SERVER_STATUSES:
        verdict = "yes"
    if verdict != "yes":
        raise UnreadableAnswerError("the answer does not say that a restore has begun")
    return RestoreStarted(
        message=clean_text(data.get("message"), 500),
        server_status=server_status,
        server_id=_id_of(server),
        snapshot_id=_id_of(_object(data.get("snapshot"))),
        status=status,
    )


def to_deleted(body: bytes, status: int = 204) -> Deleted:
    """Parse the answer. The documented one has no body; any other body must not contradict success."""
    if status == NO_CONTENT or body.strip() in {b"", b"null"}:
        return Deleted(status=status)
    data = read_json(body)
    verdict = _verdict(data, DELETE_WORDS)
    if verdict == "no":
        raise ContradictoryAnswerError("the body says that it failed")
    if verdict == "unclear" or (verdict == "silent" and data.get("message")):
        raise UnreadableAnswerError("the answer does not say that the snapshot was deleted")
    return Deleted(
        message=clean_text(data.get("message"), 500),
        snapshot_id=_id_of(_object(data.get("snapshot")) or data),
        status=status,
    )


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _id_of(item: dict[str, Any]) -> int | None:
    """The id, or None if it is missing. Raises UnreadableAnswerError for an invalid id."""
    return None if item.get("id") is None else check_id(item["id"])


def _verdict(data: dict[str, Any], yes_words: frozenset[str]) -> Verdict:
    """What a body says about success, apart from the HTTP status."""
    word = data.get("status")
    if _reports_failure(data) or _means_failure(word):
        return "no"
    if isinstance(word, str) and word.strip():
        return "yes" if status_key(word) in yes_words else "unclear"
    if True in (word, data.get("success"), data.get("ok")) or word in HTTP_SUCCESSES:
        return "yes"
    if data.get("detail"):  # many APIs report errors this way
        return "unclear"
    return "silent" if word is None or isinstance(word, str) else "unclear"


def _reports_failure(data: dict[str, Any]) -> bool:
    """Whether a body reports a failure, whatever its status: {"success": false}, {"error": "busy"}, {"code": 500}."""
    flags = [data[key] for key in ("success", "ok") if data.get(key) is not None]
    if any(not flag or _means_failure(flag) for flag in flags):
        return True
    if any(data.get(key) for key in ("error", "errors", "error_code", "error_message", "failed")):
        return True
    if any(_means_failure(data.get(key)) for key in ("code", "status_code", "result", "outcome")):
        return True
    return any(_reports_failure(part) or _means_failure(part.get("status")) for part in _envelopes(data))


def _envelopes(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Objects inside the body that may hold the actual answer, as in {"data": {"error": "busy"}}."""
    return [data[key] for key in ("data", "result", "response") if isinstance(data.get(key), dict)]


def _means_failure(word: object) -> bool:
    """Whether a status word, or an HTTP status repeated in the body, means failure."""
    if isinstance(word, str):
        return is_failed(word) or status_key(word) in NO_WORDS
    return word is False or (isinstance(word, int) and word in HTTP_ERRORS)
