"""The provider's contract as types: data shapes, names, limits, paths and statuses. No Django, no network.

Source: the provider's documentation of the Snapshots API (required), and of its servers and accounts APIs (optional).
upstream/parsing.py parses answers into these types.
"""

import re
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import msgspec

API_PATH: Final = "/api/v1"
SNAPSHOTS_PATH: Final = f"{API_PATH}/snapshots/"
SERVERS_PATH: Final = f"{API_PATH}/servers/"
ACCOUNT_PATH: Final = f"{API_PATH}/account/me/"

MAX_SNAPSHOTS_PER_SERVER: Final = 5
CREATE_MINUTES: Final = (3, 10)
RESTORE_MINUTES: Final = (5, 15)
DELETE_MINUTES: Final = (0, 5)
"""Our assumption: the contract gives no time."""
MAX_ID: Final = 2**63 - 1

NAME_PATTERN: Final = re.compile(r"\A[A-Za-z0-9_-]+\Z")
"""Letters, digits, hyphens, underscores; ASCII only, the narrowest interpretation of the provider's documentation."""
NAME_MAX_LENGTH: Final = 100
"""Our assumption: the contract gives no limit."""
DESCRIPTION_MAX_LENGTH: Final = 500

IN_PROGRESS: Final = "in_progress"
COMPLETED: Final = "completed"
RESTORING: Final = "restoring"
DELETING: Final = "deleting"
COMPLETED_STATUSES: Final = frozenset({COMPLETED, "complete", "ready", "available"})
"""Statuses that can only mean that the snapshot can be restored; "active", "done" or "success" may mean something else."""
MOVING_STATUSES: Final = frozenset(
    {IN_PROGRESS, "inprogress", "processing", "pending", "creating", "queued", DELETING, RESTORING}
)
"""Temporary statuses of snapshots or servers: they change without a further request. Documented are only IN_PROGRESS and
RESTORING."""
FAILED_STATUSES: Final = frozenset({"failed", "failure", "error"})
RUNNING_SERVER_STATUSES: Final = frozenset({"active", "running", "on", "online"})
STEADY_SERVER_STATUSES: Final = RUNNING_SERVER_STATUSES | {"stopped", "suspended", "off", "inactive"}
"""Server statuses which mean that no restore is running."""

WHITESPACE: Final = re.compile("[\\s\u2800]+")
"""Unicode whitespace, including no-break spaces, and the empty Braille cell."""
INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Unicode's "default ignorable code points": soft hyphens, zero-width characters, direction marks, fillers."""
_UNSAFE_CHARACTERS = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_SEPARATORS = re.compile(r"[\s_-]+")

_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85]")


class UnreadableAnswerError(ValueError):
    """The answer does not match the contract and cannot be interpreted safely."""


class ContradictoryAnswerError(UnreadableAnswerError):
    """The answer has a success status, but its body says that the request failed."""


class ServerRef(msgspec.Struct, frozen=True):
    id: int
    name: str = ""


class Snapshot(msgspec.Struct, frozen=True):
    """One snapshot. `size_mb` is None until it is completed; `created_at` is aware, in UTC, or None if unreadable."""

    id: int
    server: ServerRef
    name: str = ""
    status: str = ""
    size_mb: int | None = None
    created_at: datetime | None = None
    description: str = ""

    @property
    def is_moving(self) -> bool:
        return is_moving(self.status)

    @property
    def is_completed(self) -> bool:
        return status_key(self.status) in COMPLETED_STATUSES

    @property
    def is_failed(self) -> bool:
        return is_failed(self.status)


class Server(msgspec.Struct, frozen=True):
    """One server of the optional servers list."""

    id: int
    name: str = ""
    hostname: str = ""
    status: str = ""
    ip_address: str = ""
    location: str = ""
    plan_name: str = ""
    os_name: str = ""

    @property
    def is_running(self) -> bool:
        return status_key(self.status) in RUNNING_SERVER_STATUSES


class SnapshotList(msgspec.Struct, frozen=True):
    """The snapshots that a token may see. `is_whole`: the provider's own count confirms that none is missing.

    Only a whole list can prove that something is absent. `cut_by` is why some are known to be missing: the code of an
    upstream error, 'count' if the provider counts more than it lists, or '' if none is known to be missing.
    `clock_ahead_seconds`: how far the provider's clock is ahead of ours, None if the answer gave no date.
    """

    snapshots: tuple[Snapshot, ...]
    is_whole: bool = False
    cut_by: str = ""
    clock_ahead_seconds: float | None = None


class Created(msgspec.Struct, frozen=True):
    """The answer to a create: the new snapshot, the provider's message, and the HTTP status."""

    snapshot: Snapshot
    message: str = ""
    status: int = 201


class RestoreStarted(msgspec.Struct, frozen=True):
    """The answer to a restore; `server_status` is '' and an id is None if the answer does not contain it."""

    message: str = ""
    server_status: str = ""
    server_id: int | None = None
    snapshot_id: int | None = None
    status: int = 200


class Deleted(msgspec.Struct, frozen=True):
    """The answer to a delete; it has no body as documented. `snapshot_id` is None if the answer does not contain it."""

    message: str = ""
    snapshot_id: int | None = None
    status: int = 204


class Account(msgspec.Struct, frozen=True):
    """The account that a token belongs to; every field may be missing."""

    email: str = ""
    name: str = ""
    company_name: str = ""
    token_name: str = ""
    permissions: tuple[str, ...] = ()


def clean_text(value: object, max_length: int = 2000) -> str:
    """External text made safe to store and show: no control characters, bidi overrides or lone surrogates.

    Every kind of line end becomes a line feed. A number becomes its text; null, lists and objects become ''.
    """
    text = value if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""
    return _UNSAFE_CHARACTERS.sub("\N{REPLACEMENT CHARACTER}", _LINE_ENDS.sub("\n", text[:max_length]))


def clean_reason(text: str, max_length: int = 2000) -> str:
    """Why something is done, as it is stored: trimmed and safe to show; '' if nothing of it can be seen."""
    return clean_text(text.strip(), max_length) if INVISIBLE.sub("", WHITESPACE.sub("", text)) else ""


@lru_cache(maxsize=1024)
def status_key(status: str) -> str:
    """A status normalised for comparison: "In Progress", "IN-PROGRESS" and "in_progress" are equal."""
    return _SEPARATORS.sub("_", status.strip().casefold())


def is_moving(status: str) -> bool:
    return status_key(status) in MOVING_STATUSES


def is_failed(status: str) -> bool:
    return status_key(status) in FAILED_STATUSES


def is_restoring(status: str) -> bool:
    return status_key(status) == RESTORING


def is_valid_name(name: str) -> bool:
    return len(name) <= NAME_MAX_LENGTH and NAME_PATTERN.match(name) is not None


def possible_name(name: str) -> str:
    """The name, or '' if no snapshot can have it: a refused one may be a password that was typed into the wrong field."""
    return name if is_valid_name(name) else ""


def check_id(value: object) -> int:
    """Return `value` if it is a valid id. Raises UnreadableAnswerError."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= MAX_ID:
        raise UnreadableAnswerError("an id is not a positive integer")
    return value


def snapshot_path(snapshot_id: int) -> str:
    return f"{SNAPSHOTS_PATH}{check_id(snapshot_id)}/"


def restore_path(snapshot_id: int) -> str:
    return f"{snapshot_path(snapshot_id)}restore/"


def read_json(body: bytes) -> dict[str, Any]:
    """Parse the body as a JSON object. Raises UnreadableAnswerError."""
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableAnswerError(f"not a JSON object: {error}") from None
