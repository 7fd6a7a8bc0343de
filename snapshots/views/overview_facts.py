"""What the list of servers says first and the provider does not know, in one query (as in frame_facts.py)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from snapshots import sql
from snapshots.observations.models import KnownServer
from snapshots.observations.silence import shown_condition
from snapshots.schedules.models import Schedule, ScheduleServer, State
from snapshots.vault.models import StoredToken


@dataclass(frozen=True)
class ComingRun:
    """A schedule that is due next. `servers`: how many it names, 0 for all of a token; `full`: how many of them have no room."""

    schedule_id: UUID
    name: str
    due_at: datetime
    servers: int
    server_name: str
    full: int


@dataclass(frozen=True)
class Facts:
    """`silent`: IDs of servers without a new snapshot for too long (observations.silence)."""

    silent: frozenset[int]
    coming: tuple[ComingRun, ...]


SHOWN_RUNS: Final = 3
_SERVERS: Final = f"FROM {ScheduleServer._meta.db_table} WHERE schedule_id = schedule.id"
_COMING: Final = f"""
SELECT * FROM (
  SELECT CAST(id AS VARCHAR(40)), name, next_due_at, (SELECT COUNT(*) {_SERVERS}), (SELECT MIN(server_name) {_SERVERS}),
    (SELECT COUNT(*) {_SERVERS} AND server_id IN ({{full}}))
  FROM {Schedule._meta.db_table} AS schedule
  WHERE removed_at IS NULL AND state = '{State.ACTIVE}' AND next_due_at IS NOT NULL AND (
    owner_id = %s OR token_fingerprint IN ({{fingerprints}}) OR NOT covers_all AND id IN (
      SELECT schedule_id FROM {ScheduleServer._meta.db_table} WHERE server_id IN ({{servers}})))
  ORDER BY next_due_at, name LIMIT {SHOWN_RUNS}
) AS coming UNION ALL
SELECT CAST(server_id AS VARCHAR(40)), '', NULL, 0, '', 0 FROM {KnownServer._meta.db_table} WHERE {{silent}}
"""  # noqa: S608 - names of tables
"""Of the schedules a person sees (schedules.visibility), those that are about the servers of this list."""


def read_facts(
    person_id: int, tokens: Sequence[StoredToken], server_ids: Collection[int], full_ids: Collection[int]
) -> Facts:
    unlimited = {one.fingerprint for one in tokens if one.limited_servers is None}
    silent, limits = shown_condition(timezone.now())
    fingerprints, servers, full = [*unlimited, ""], [*server_ids, 0], [*full_ids, 0]  # IN () is no SQL
    places = {
        "full": sql.places(full),
        "fingerprints": sql.places(fingerprints),
        "servers": sql.places(servers),
    }
    text = _COMING.format(silent=silent, **places)
    rows = sql.run(text, [*full, person_id, *fingerprints, *servers, *limits])
    due = [ComingRun(UUID(key), name, _time(at), *more) for key, name, at, *more in rows if at is not None]
    due.sort(key=lambda one: (one.due_at, one.name))
    return Facts(frozenset(int(row[0]) for row in rows if row[2] is None), tuple(due))


def _time(stored: Any) -> datetime:
    """SQLite returns a text without a zone."""
    found = stored if isinstance(stored, datetime) else parse_datetime(stored)
    assert found is not None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
