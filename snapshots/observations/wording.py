"""The evidence of a change: what was listed, and when."""

from datetime import datetime
from typing import Final

from snapshots.audit.wording.statements import joined
from snapshots.contract import Snapshot
from snapshots.observations import statements

MAY_NOT_LIST: Final = statements.MAY_NOT_LIST.said()
NOT_READ: Final = statements.NOT_READ.said()
NOT_LISTED: Final = statements.NOT_LISTED.said()


def _listed(name: str, not_listed_at: datetime | None, listed_at: datetime) -> str:
    if not_listed_at is None:
        return statements.APPEARED_FIRST.said(at=listed_at, name=name)
    return statements.APPEARED.said(before=not_listed_at, at=listed_at, name=name)


def _size(megabytes: int | None) -> str:
    return statements.OF_UNKNOWN_SIZE.said() if megabytes is None else statements.OF_SIZE.said(size=megabytes)


def appeared(snapshot: Snapshot, not_listed_at: datetime | None, listed_at: datetime) -> str:
    created_at = snapshot.created_at
    return joined(
        [
            _listed(snapshot.name, not_listed_at, listed_at),
            statements.WITH_STATUS.said(status=snapshot.status),
            _size(snapshot.size_mb),
            statements.CREATED_AT.said(at=created_at) if created_at else "",
        ],
        ", ",
    )


def vanished(name: str, listed_at: datetime, not_listed_at: tuple[datetime, datetime]) -> str:
    first, second = not_listed_at
    if first == second:
        return statements.VANISHED.said(name=name, listed_at=listed_at, missed_at=first)
    return statements.VANISHED_TWICE.said(name=name, listed_at=listed_at, first=first, second=second)


def renamed(before: str, after: str, listed_at: datetime, read_at: datetime) -> str:
    return statements.RENAMED.said(before=before, after=after, listed_at=listed_at, read_at=read_at)


def resized(before: int, after: int, listed_at: datetime, read_at: datetime) -> str:
    return statements.RESIZED.said(before=before, after=after, listed_at=listed_at, read_at=read_at)
