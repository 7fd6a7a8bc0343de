"""The evidence of a change: what was listed, and when. English, as all evidence in the log."""

from datetime import datetime
from typing import Final

from snapshots.contract import Snapshot

MAY_NOT_LIST: Final = (
    "No snapshot of its server is listed, and the token may not list servers: it may still exist."
)
NOT_READ: Final = "No snapshot of its server is listed, and the list of servers is not known to be complete."
NOT_LISTED: Final = "Its server is not listed either: it was deleted, or the token may not see it any more."


def time_text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _size(megabytes: int | None) -> str:
    return "of unknown size" if megabytes is None else f"of {megabytes} MB"


def appeared(snapshot: Snapshot, not_listed_at: datetime | None, listed_at: datetime) -> str:
    created = f", created at {time_text(snapshot.created_at)}" if snapshot.created_at else ""
    before = (
        f"Not listed at {time_text(not_listed_at)}, listed" if not_listed_at else "Not listed before, listed"
    )
    return (
        f"{before} at {time_text(listed_at)} as “{snapshot.name}”, {snapshot.status}, "
        f"{_size(snapshot.size_mb)}{created}."
    )


def vanished(name: str, listed_at: datetime, not_listed_at: tuple[datetime, datetime]) -> str:
    first, second = not_listed_at
    missed = time_text(first) if first == second else f"{time_text(first)} and {time_text(second)}"
    return f"Listed as “{name}” at {time_text(listed_at)}, not listed at {missed}."


def renamed(before: str, after: str, listed_at: datetime, read_at: datetime) -> str:
    return f"Listed as “{before}” at {time_text(listed_at)}, as “{after}” at {time_text(read_at)}."


def resized(before: int, after: int, listed_at: datetime, read_at: datetime) -> str:
    return f"Listed with {before} MB at {time_text(listed_at)}, with {after} MB at {time_text(read_at)}."
