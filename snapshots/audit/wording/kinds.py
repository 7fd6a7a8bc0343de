"""Kinds of values in statements: how each is written in English, and read again."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from snapshots.contract import clean_text

MINUTE: Final = "%Y-%m-%d %H:%M UTC"
SECOND: Final = "%Y-%m-%d %H:%M:%S UTC"
OPEN_QUOTE, CLOSE_QUOTE = "“", "”"
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DAY_MINUTES: Final = 24 * 60
_BARE: Final = r"[^\s,;“”→]+"


@dataclass(frozen=True)
class Kind:
    """`pattern`: of what `write` returns, without groups. `is_quoted`: a template has it in “ ”, which no value can leave.

    `item`: the kind of a list's items.
    """

    name: str
    pattern: str
    write: Callable[[Any], str]
    read: Callable[[str], Any]
    is_quoted: bool = False
    item: "Kind | None" = None


def list_of(item: Kind, separator: str = ", ") -> Kind:
    """At least one."""

    def write(values: Sequence[Any]) -> str:
        return separator.join(map(item.write, values))

    def read(text: str) -> tuple[Any, ...]:
        return tuple(item.read(one) for one in re.findall(item.pattern, text))

    pattern = f"(?:{item.pattern})(?:{re.escape(separator)}(?:{item.pattern}))*"
    return Kind(f"list of {item.name}", pattern, write, read, item=item)


def _quoted(value: object) -> str:
    return clean_text(str(value)).replace(CLOSE_QUOTE, CLOSE_QUOTE * 2)


def _unquoted(text: str) -> str:
    return text.replace(CLOSE_QUOTE * 2, CLOSE_QUOTE)


def _quoted_kind(name: str) -> Kind:
    return Kind(name, f"(?:[^{CLOSE_QUOTE}]|{CLOSE_QUOTE * 2})*+", _quoted, _unquoted, is_quoted=True)


def _bare_kind(name: str, pattern: str) -> Kind:
    return Kind(name, pattern, str, str)


def _time_kind(name: str, form: str, pattern: str) -> Kind:
    def write(value: datetime) -> str:
        return value.astimezone(UTC).strftime(form)

    def read(text: str) -> datetime:
        return datetime.strptime(text, form).replace(tzinfo=UTC)

    return Kind(name, pattern, write, read)


def _week_text(minute: int) -> str:
    time = minute % DAY_MINUTES
    return f"{WEEKDAYS[minute // DAY_MINUTES]} {time // 60:02}:{time % 60:02}"


def _week_minute(text: str) -> int:
    day, time = text.split(" ")
    hours, minutes = time.split(":")
    return WEEKDAYS.index(day) * DAY_MINUTES + int(hours) * 60 + int(minutes)


_DAY: Final = r"\d{4}-\d\d-\d\d"
COUNT: Final = Kind("count", r"-?\d{1,19}", str, int)
ID: Final = Kind("id", r"-?\d{1,19}", str, int)
MEGABYTES: Final = Kind(
    "megabytes", r"-?\d{1,19} MB", lambda value: f"{value} MB", lambda text: int(text[:-3])
)
MOMENT: Final = _time_kind("moment", MINUTE, rf"{_DAY} \d\d:\d\d UTC")
EXACT_MOMENT: Final = _time_kind("exact moment", SECOND, rf"{_DAY} \d\d:\d\d:\d\d UTC")
DAY: Final = Kind("day", _DAY, date.isoformat, date.fromisoformat)
WEEK_TIME: Final = Kind("week time", rf"(?:{'|'.join(WEEKDAYS)}) \d\d:\d\d", _week_text, _week_minute)
"""Minutes since Monday 0:00."""
TEXT: Final = _quoted_kind("text")
"""Whatever a person or the provider wrote: names, reasons. Its closing quotes are doubled."""
STATUS: Final = _quoted_kind("status")
"""Of a snapshot or server, as the provider wrote it."""
BARE: Final = _bare_kind("bare", _BARE)
"""A technical text without spaces, commas and quotes: digests, addresses of the web, names of files, IDs of keys."""
ROLES: Final = ("viewer", "operator", "manager", "auditor", "admin")
ROLE: Final = _bare_kind("role", "|".join(ROLES))
RIGHT: Final = _bare_kind("right", r"[a-z_]+\.[a-z_]+")
ACTION: Final = _bare_kind("action", r"[a-z_]+\.[a-z_]+")
EVENT: Final = _bare_kind("event", r"(?!none\b)[a-z_.]+")
"""A kind of notification."""
URL: Final = _bare_kind("url", rf"https?://{_BARE}")
PAIR: Final = _bare_kind("pair", r"\d{1,18} [0-9a-f]{64}")
"""A row's number and its hash."""
CODE: Final = _bare_kind("code", r"(?!none\b)[a-z0-9_]+")
"""A code of a row of the log, such as a refusal's."""
NAME: Final = Kind(
    "name",
    f"{OPEN_QUOTE}{TEXT.pattern}{CLOSE_QUOTE}",
    lambda value: f"{OPEN_QUOTE}{_quoted(value)}{CLOSE_QUOTE}",
    lambda text: _unquoted(text[1:-1]),
)
"""Like TEXT, with the quotes: for lists of texts."""
WHOLE: Final = Kind("whole", r"(?s:.+)", str, str)
"""All of an evidence, as it was typed. Only in statements of some actions, which say nothing else."""
