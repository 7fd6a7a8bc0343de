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
    """The schedule that is due next."""

    schedule_id: UUID
    name: str
    due_at: datetime


@dataclass(frozen=True)
class Facts:
    """`silent`: IDs of servers without a new snapshot for too long (observations.silence)."""

    silent: frozenset[int]
    coming: ComingRun | None


_COMING: Final = f"""
SELECT * FROM (
  SELECT CAST(id AS VARCHAR(40)), name, next_due_at FROM {Schedule._meta.db_table}
  WHERE removed_at IS NULL AND state = '{State.ACTIVE}' AND next_due_at IS NOT NULL AND (
    owner_id = %s OR token_fingerprint IN ({{fingerprints}}) OR NOT covers_all AND id IN (
      SELECT schedule_id FROM {ScheduleServer._meta.db_table} WHERE server_id IN ({{servers}})))
  ORDER BY next_due_at LIMIT 1
) AS coming UNION ALL
SELECT CAST(server_id AS VARCHAR(40)), '', NULL FROM {KnownServer._meta.db_table} WHERE {{silent}}
"""  # noqa: S608 - names of tables
"""Of the schedules a person sees (schedules.visibility), those that are about the servers of this list."""


def read_facts(person_id: int, tokens: Sequence[StoredToken], server_ids: Collection[int]) -> Facts:
    unlimited = {one.fingerprint for one in tokens if one.limited_servers is None}
    silent, limits = shown_condition(timezone.now())
    fingerprints, servers = [*unlimited, ""], [*server_ids, 0]  # IN () is no SQL
    text = _COMING.format(fingerprints=sql.places(fingerprints), servers=sql.places(servers), silent=silent)
    rows = sql.run(text, [person_id, *fingerprints, *servers, *limits])
    due = [ComingRun(UUID(key), name, _time(at)) for key, name, at in rows if at is not None]
    return Facts(frozenset(int(key) for key, _name, at in rows if at is None), due[0] if due else None)


def _time(stored: Any) -> datetime:
    """SQLite returns a text without a zone."""
    found = stored if isinstance(stored, datetime) else parse_datetime(stored)
    assert found is not None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
