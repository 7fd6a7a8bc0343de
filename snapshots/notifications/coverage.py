"""What a row of the log concerns that it does not name: the servers of a job, or of a schedule and its run.

The packages of jobs and schedules register who finds it out, since rows of the log name one server or none.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final
from uuid import UUID


@dataclass(frozen=True)
class CoveredServer:
    """`is_failed`: whether it is one of those on which something was not completed."""

    id: int
    name: str
    token_fingerprint: str
    is_failed: bool = False


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """`page_id` is the ID of what the page about the event shows.

    `is_partial`: something was completed. `is_told`: told already, by an earlier event or by that of another row.
    """

    servers: tuple[CoveredServer, ...] = ()
    page_id: UUID | None = None
    is_partial: bool = False
    is_told: bool = False

    @property
    def covered(self) -> list[dict[str, Any]]:
        """The servers as JSON."""
        return [asdict(one) for one in self.servers]


Finder = Callable[[Mapping[str, Any]], Coverage]
"""Finds what a row concerns."""

_finders: Final[dict[str, Finder]] = {}


def register(actions: Iterable[str], find: Finder) -> None:
    _finders.update(dict.fromkeys(actions, find))


def coverage_of(row: Mapping[str, Any]) -> Coverage:
    """What a row of the log concerns besides what it names."""
    find = _finders.get(row["action"])
    return find(row) if find else Coverage()


def parse_id(text: str) -> UUID:
    """The ID in a column of the log; the nil UUID for anything else, since rows may have been written past the portal."""
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)
