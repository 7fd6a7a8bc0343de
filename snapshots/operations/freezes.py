"""Freezes: times in which nothing dangerous is done on some servers, in any channel (promises 44 and 45).

Dangerous is a restore and a deletion. Whoever may restore on the servers places a freeze, with a reason and an end. To lift one
before its end takes two people, or time: see guard.py.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils import timezone

from snapshots import sql
from snapshots.audit.journal import Actor
from snapshots.audit.wording.statements import joined
from snapshots.operations import guard, statements
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.freeze_times import is_inside, next_end
from snapshots.operations.guarded_models import Freeze
from snapshots.operations.models import Action
from snapshots.operations.rights import Right

PERMISSION: Final = Action.RESTORE.permission
DANGEROUS: Final = frozenset({Action.RESTORE, Action.DELETE})


@dataclass(frozen=True)
class FreezeDefinition:
    """`servers`: ID → name, None for all. `weekly`: the minutes of the week at which it begins and ends, or None."""

    name: str
    servers: Mapping[int, str] | None
    time_zone: str
    starts_at: datetime
    ends_at: datetime
    weekly: tuple[int, int] | None
    reason: str


def current() -> list[Freeze]:
    """Those that are not over, also those to come."""
    now = timezone.now()
    found = sql.select(Freeze, "WHERE ends_at > %s ORDER BY ends_at, id", [now])
    return [one for one in found if not one.is_over(now)]


def freezing_all(server_id: int, freezes: Iterable[Freeze] | None = None) -> list[Freeze]:
    """The freezes that hold on this server now. `freezes`: what `current` returned."""
    now = timezone.now()
    among = current() if freezes is None else freezes
    return [one for one in among if one.reaches(server_id) and is_inside(one, now)]


def freezing(server_id: int) -> Freeze | None:
    """Of those that hold on this server now the one that ends last."""
    now = timezone.now()
    return max(freezing_all(server_id), key=lambda one: next_end(one, now), default=None)


def frozen_servers(server_ids: Iterable[int]) -> set[int]:
    """Those of these servers on which a freeze holds now."""
    freezes = current()
    return {one for one in server_ids if freezes and freezing_all(one, freezes)}


def place(*, actor: Actor, definition: FreezeDefinition) -> Freeze:
    """Raises OperationRefusedError (name_missing, reason_missing, freeze_end, not_allowed_any_more, not_on_this_server),
    JournalUnavailableError."""
    now = timezone.now()
    begins, ends = definition.weekly or (None, None)
    freeze = Freeze(
        name=guard.required_name(definition.name),
        servers=sorted([number, name] for number, name in (definition.servers or {}).items()),
        time_zone=definition.time_zone,
        starts_at=definition.starts_at,
        ends_at=definition.ends_at,
        from_minute=begins,
        to_minute=ends,
        person_id=int(actor.id or 0),
        reason=guard.required_reason(definition.reason),
        created_at=now,
    )
    if freeze.ends_at <= max(now, freeze.starts_at):
        raise OperationRefusedError("freeze_end")
    with LIFTING.placing(freeze, actor, _extent(freeze)):
        freeze.save(force_insert=True)
    return freeze


def _rights(freeze: Freeze) -> list[Right]:
    """On each of its servers; a freeze of all servers takes the right everywhere."""
    return [(PERMISSION, number) for number, _name in freeze.servers] or [(PERMISSION, None)]


def _extent(freeze: Freeze) -> str:
    span = statements.FROM_TO.said(begin=freeze.starts_at, end=freeze.ends_at)
    if freeze.from_minute is None or freeze.to_minute is None:
        return joined([freeze.servers_text, span])
    week = statements.EACH_WEEK.said(begin=freeze.from_minute, end=freeze.to_minute, zone=freeze.time_zone)
    return joined([freeze.servers_text, week, span])


LIFTING: Final = guard.Lifting(Freeze, "freeze", "freeze_over", _rights)
