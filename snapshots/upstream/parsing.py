"""Parses the provider's answers into the contract's types. No network.

Where the provider's documentation is silent, parsing is tolerant: extra keys are ignored, missing ones get a default,
undocumented words are kept. Invalid values (an id that is not a positive integer, a body that is not JSON) raise
UnreadableAnswerError. Answers to writes are read in write_answers.py.
"""

import json
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from snapshots.contract import (
    Account,
    Server,
    ServerRef,
    Snapshot,
    UnreadableAnswerError,
    check_id,
    clean_text,
    read_json,
)

CREDIBLE_YEARS: Final = range(1970, 3000)
WORD_KEYS: Final = ("detail", "error", "message", "errors")


class Page(msgspec.Struct, frozen=True):
    """One page of a list: its raw items, the link to the next page ('' when there is none), and the total number of items.

    `count` is None where the provider gives none; then it is unknown whether the list is complete.
    """

    items: tuple[dict[str, Any], ...]
    next: str = ""
    count: int | None = None


def parse_time(value: object) -> datetime | None:
    """An ISO 8601 time as an aware datetime in UTC, or None. A time without a zone is UTC, as the provider documents.

    Also None for a year out of CREDIBLE_YEARS: arithmetic with such a time could overflow.
    """
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year in CREDIBLE_YEARS else None


def read_page(body: bytes) -> Page:
    data = read_json(body)
    items = data.get("results")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise UnreadableAnswerError("the list has no results")
    following = data.get("next")
    if following is not None and not isinstance(following, str):
        raise UnreadableAnswerError("the link to the next page is not a text")
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
    """The provider's message in an error answer, at most 500 characters: detail, error, message, field errors, or ''."""
    try:
        return clean_text(_message_of(msgspec.json.decode(body)), 500)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""


def _message_of(data: object) -> str:
    """Raises RecursionError for data that is nested too deeply."""
    if isinstance(data, list):
        return " ".join(filter(None, map(_message_of, data[:5])))
    if not isinstance(data, dict):
        return data if isinstance(data, str) else ""
    found = [_message_of(data[key]) for key in WORD_KEYS if key in data]
    if any(found):
        return "; ".join(dict.fromkeys(filter(None, found)))
    return "; ".join(f"{key}: {_field_message(value)}" for key, value in list(data.items())[:20])


def _field_message(value: object) -> str:
    words = value if isinstance(value, list) else [value]
    return " ".join(word if isinstance(word, str) else json.dumps(word) for word in words[:5])
