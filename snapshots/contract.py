"""The provider's contract as types: shapes, names, limits, paths and how answers are read. No Django, no network.

Source: the provider's page on the Snapshots API (the core) and its pages on servers and accounts (the siblings, which
are optional). What those pages leave open is read tolerantly: extra keys are ignored, missing ones get a default, words
never heard of stay as they are. What cannot be meant (an id that is no positive integer, a body that is no JSON) raises
UnreadableAnswerError.
"""

import re
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

API_PATH: Final = "/api/v1"
SNAPSHOTS_PATH: Final = f"{API_PATH}/snapshots/"
SERVERS_PATH: Final = f"{API_PATH}/servers/"
ACCOUNT_PATH: Final = f"{API_PATH}/account/me/"

MAX_SNAPSHOTS_PER_SERVER: Final = 5
CREATE_MINUTES: Final = (3, 10)
RESTORE_MINUTES: Final = (5, 15)
MAX_ID: Final = 2**63 - 1

NAME_PATTERN: Final = re.compile(r"\A[A-Za-z0-9_-]+\Z")
"""Letters, digits, hyphens, underscores: ASCII only, the narrowest reading of the provider's sentence."""
NAME_MAX_LENGTH: Final = 100
"""Ours: the contract names no limit."""
DESCRIPTION_MAX_LENGTH: Final = 500

IN_PROGRESS: Final = "in_progress"
COMPLETED: Final = "completed"
RESTORING: Final = "restoring"
MOVING_STATUSES: Final = frozenset({IN_PROGRESS, "pending", "creating", "queued", "deleting", RESTORING})
"""Snapshot or server statuses that will change by themselves. Only the first and RESTORING are documented."""
FAILED_STATUSES: Final = frozenset({"failed", "error"})
RUNNING_SERVER_STATUSES: Final = frozenset({"active", "running", "on", "online"})
CREDIBLE_YEARS: Final = range(1970, 3000)

_CONTROLS = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


class UnreadableAnswerError(ValueError):
    """The answer is not what the contract says and cannot be meant as it."""


class ServerRef(msgspec.Struct, frozen=True):
    id: int
    name: str = ""


class Snapshot(msgspec.Struct, frozen=True):
    """One snapshot. `size_mb` is None while it is being made; `created_at` is aware, in UTC, or None if unreadable."""

    id: int
    server: ServerRef
    name: str = ""
    status: str = ""
    size_mb: int | None = None
    created_at: datetime | None = None
    description: str = ""

    @property
    def is_moving(self) -> bool:
        return self.status in MOVING_STATUSES

    @property
    def is_completed(self) -> bool:
        return self.status == COMPLETED

    @property
    def is_failed(self) -> bool:
        return self.status in FAILED_STATUSES


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
        return self.status in RUNNING_SERVER_STATUSES


class SnapshotList(msgspec.Struct, frozen=True):
    """The snapshots a token may see. `is_whole`: the provider's own count says that none is missing.

    Only a whole list can prove that something is absent. `cut_by` tells why some are known to be missing: an upstream
    error's code, 'count' where the provider counts more than it lists, '' where none is known to be.
    """

    snapshots: tuple[Snapshot, ...]
    is_whole: bool = False
    cut_by: str = ""


class Created(msgspec.Struct, frozen=True):
    """The answer to a create: the new snapshot, the provider's sentence, and the HTTP status."""

    snapshot: Snapshot
    message: str = ""
    status: int = 201


class RestoreStarted(msgspec.Struct, frozen=True):
    """The answer to a restore; `server_status` is '' and `server_id` None when the provider does not say."""

    message: str = ""
    server_status: str = ""
    server_id: int | None = None
    status: int = 200


class Deleted(msgspec.Struct, frozen=True):
    """The answer to a delete: nothing but the HTTP status."""

    status: int = 204


class Account(msgspec.Struct, frozen=True):
    """Whom a token belongs to; every part may be missing."""

    email: str = ""
    name: str = ""
    company_name: str = ""
    token_name: str = ""
    permissions: tuple[str, ...] = ()


class Page(msgspec.Struct, frozen=True):
    """One page of a list: its raw items, the link to the next page ('' when there is none), and how many there are in all.

    `count` is None where the provider does not say; then nobody can tell whether the list is whole.
    """

    items: tuple[dict[str, Any], ...]
    next: str = ""
    count: int | None = None


def clean_text(value: object, max_length: int = 2000) -> str:
    """Text from outside, made safe to store and show: no control characters, bidi overrides or lone surrogates.

    A number is told as it stands; null, lists and objects are no text.
    """
    text = value if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text[:max_length])


def is_valid_name(name: str) -> bool:
    return len(name) <= NAME_MAX_LENGTH and NAME_PATTERN.match(name) is not None


def check_id(value: object) -> int:
    """Return `value` if it can be an id of the provider. Raises UnreadableAnswerError."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= MAX_ID:
        raise UnreadableAnswerError("an id is not a positive integer")
    return value


def snapshot_path(snapshot_id: int) -> str:
    return f"{SNAPSHOTS_PATH}{check_id(snapshot_id)}/"


def restore_path(snapshot_id: int) -> str:
    return f"{snapshot_path(snapshot_id)}restore/"


def parse_time(value: object) -> datetime | None:
    """An ISO 8601 time as an aware datetime in UTC, or None. A time without a zone is UTC, as the provider documents.

    None too for a year in which nothing was made: what is added to such a time or taken from it could leave the calendar.
    """
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year in CREDIBLE_YEARS else None


def read_json(body: bytes) -> dict[str, Any]:
    """The body as a JSON object. Raises UnreadableAnswerError."""
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableAnswerError(f"not a JSON object: {error}") from None


def read_page(body: bytes) -> Page:
    data = read_json(body)
    items = data.get("results")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise UnreadableAnswerError("the list has no results")
    following = data.get("next")
    if following is not None and not isinstance(following, str):
        raise UnreadableAnswerError("the link to the next page is none")
    count = data.get("count")
    is_count = isinstance(count, int) and not isinstance(count, bool)
    return Page(tuple(items), following or "", count if is_count else None)


def _server_ref(value: object) -> ServerRef:
    if not isinstance(value, dict):
        raise UnreadableAnswerError("a snapshot names no server")
    return ServerRef(check_id(value.get("id")), clean_text(value.get("name"), 300))


def _size(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**53:
        return None
    return round(value)


def to_snapshot(item: dict[str, Any]) -> Snapshot:
    """Raises UnreadableAnswerError when the snapshot or its server has no usable id."""
    return Snapshot(
        id=check_id(item.get("id")),
        server=_server_ref(item.get("server")),
        name=clean_text(item.get("name"), 300),
        status=clean_text(item.get("status"), 60),
        size_mb=_size(item.get("size_mb")),
        created_at=parse_time(item.get("created_at")),
        description=clean_text(item.get("description")),
    )


def _name_of(value: object) -> str:
    return clean_text(value.get("name"), 120) if isinstance(value, dict) else ""


def to_server(item: dict[str, Any]) -> Server:
    """Raises UnreadableAnswerError when the server has no usable id."""
    return Server(
        id=check_id(item.get("id")),
        name=clean_text(item.get("name"), 300),
        hostname=clean_text(item.get("hostname"), 300),
        status=clean_text(item.get("status"), 60),
        ip_address=clean_text(item.get("ip_address"), 60),
        location=clean_text(item.get("location"), 60),
        plan_name=_name_of(item.get("plan")),
        os_name=_name_of(item.get("os")),
    )


def to_created(body: bytes, status: int = 201) -> Created:
    data = read_json(body)
    return Created(to_snapshot(data), clean_text(data.get("message"), 500), status)


def to_restore_started(body: bytes, status: int = 200) -> RestoreStarted:
    data = read_json(body)
    server = data.get("server")
    if not isinstance(server, dict):
        if data.get("status") != "success":
            raise UnreadableAnswerError("the answer does not say that a restore has begun")
        server = {}
    return RestoreStarted(
        message=clean_text(data.get("message"), 500),
        server_status=clean_text(server.get("status"), 60),
        server_id=check_id(server["id"]) if "id" in server else None,
        status=status,
    )


def to_account(body: bytes) -> Account:
    data = read_json(body)
    account = data.get("account")
    token = data.get("token")
    account = account if isinstance(account, dict) else {}
    token = token if isinstance(token, dict) else {}
    permissions = token.get("permissions")
    names = (clean_text(account.get(key), 120) for key in ("first_name", "last_name"))
    return Account(
        email=clean_text(account.get("email"), 254),
        name=" ".join(part for part in names if part),
        company_name=clean_text(account.get("company_name"), 200),
        token_name=clean_text(token.get("name"), 200),
        permissions=tuple(clean_text(word, 100) for word in permissions[:100] if isinstance(word, str))
        if isinstance(permissions, list)
        else (),
    )


def error_text(body: bytes) -> str:
    """The provider's own words in an error answer, at most 500 characters: detail, error, message, field errors, or ''."""
    try:
        return clean_text(_words_of(msgspec.json.decode(body)), 500)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""


def _words_of(data: object) -> str:
    """Raises RecursionError for what is nested too deeply to be told."""
    if not isinstance(data, dict):
        return data if isinstance(data, str) else ""
    for key in ("detail", "error", "message"):
        if isinstance(data.get(key), str):
            return str(data[key])
    parts = []
    for key, value in list(data.items())[:20]:
        words = value if isinstance(value, list) else [value]
        parts.append(f"{key}: {' '.join(str(word) for word in words[:5])}")
    return "; ".join(parts)
