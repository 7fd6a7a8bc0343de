"""Names of the snapshots that a schedule makes. All times in them are UTC, so that no hour gives the same name twice."""

import re
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Final

from snapshots import contract
from snapshots.inventory.names import free_name

DEFAULT_PATTERN: Final = "auto-{date}-{time}"
PLACEHOLDERS: Final = ("schedule", "server", "date", "time")
_UNFIT = re.compile(r"[^A-Za-z0-9_-]+")
_PLACEHOLDER = re.compile(r"\{([a-z]*)\}")
_ROOM_FOR_A_NUMBER: Final = 5


def fill(pattern: str, *, schedule: str, server: str, at: datetime) -> str:
    """The name for a snapshot begun at that moment; characters that the provider does not take become hyphens.

    Shortened to what the provider takes, with room for a number behind it.
    """
    utc = at.astimezone(UTC)
    values = {
        "schedule": schedule,
        "server": server,
        "date": f"{utc:%Y-%m-%d}",
        "time": f"{utc:%H%M}",
    }
    filled = _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), pattern)
    fit = _UNFIT.sub("-", filled).strip("-")
    return fit[: contract.NAME_MAX_LENGTH - _ROOM_FOR_A_NUMBER].rstrip("-")


def is_valid_pattern(pattern: str) -> bool:
    """Whether it has only known placeholders, and gives a valid name even for a server whose name has no fitting letter."""
    if any(name not in PLACEHOLDERS for name in _PLACEHOLDER.findall(pattern)):
        return False
    literal = _PLACEHOLDER.sub("", pattern)
    if "{" in literal or "}" in literal or _UNFIT.search(literal):
        return False
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return contract.is_valid_name(fill(pattern, schedule="", server="", at=at))


def name_for(pattern: str, *, schedule: str, server: str, at: datetime, taken: Collection[str]) -> str:
    """Like `fill`, numbered if the server has a snapshot of that name."""
    return free_name(fill(pattern, schedule=schedule, server=server, at=at), taken)
