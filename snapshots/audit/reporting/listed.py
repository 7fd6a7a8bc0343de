"""Rows of some actions in a period, read by the index of actions: those that the tally has counted, and no others."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from snapshots.audit.models import Entry
from snapshots.audit.queries import EntryQuerySet
from snapshots.audit.reporting.coverage import Coverage
from snapshots.audit.reporting.tally import IS_OVERRIDE, Tally

MOST_LISTED: Final = 100
MOST_OUTCOMES: Final = 20 * MOST_LISTED
REFUSED: Final = "refused"


@dataclass(frozen=True)
class Listed:
    """The newest rows first. `more`: how many older ones are not among them.

    `outcomes`: of an intent, by its sequence, the newest row of its operation until the end of the period.
    """

    entries: tuple[Entry, ...] = ()
    more: int = 0
    outcomes: Mapping[int, Entry] = field(default_factory=dict)


def list_rows(
    coverage: Coverage,
    tally: Tally,
    actions: Collection[str],
    *,
    but: Collection[str] = (REFUSED,),
    most: int = MOST_LISTED,
) -> Listed:
    """The rows of these actions, of all results but these: SQLite would find rows of one result by the index of results."""
    numbers = Counter[str]()
    for one in tally.groups:
        if one.result not in but:
            numbers[one.action] += one.number
    found: list[Entry] = []
    for action in actions:
        if numbers[action]:
            found += _newest(coverage.rows.filter(action=action).exclude(result__in=but), most)
    return _listed(found, sum(numbers[action] for action in actions), most)


def list_overrides(coverage: Coverage, tally: Tally, *, most: int = MOST_LISTED) -> Listed:
    """Operations that were sent to a server although a restore held it."""
    actions = {one.action for one in tally.groups if one.is_override}
    number = sum(one.number for one in tally.groups if one.is_override)
    found = [
        entry
        for action in actions
        for entry in _newest(coverage.rows.filter(IS_OVERRIDE, action=action), most)
    ]
    listed = _listed(found, number, most)
    return replace(listed, outcomes=_outcomes(listed.entries, coverage))


def _outcomes(intents: Collection[Entry], coverage: Coverage) -> dict[int, Entry]:
    asked = {one.operation_id: one.sequence for one in intents if one.operation_id is not None}
    rows = Entry.objects.numbered().filter(operation_id__in=list(asked), sequence__lte=coverage.last)
    found = rows.order_by("sequence").fetch(MOST_OUTCOMES) if asked else []
    return {asked[row.operation_id]: row for row in found if row.operation_id in asked}


def _newest(rows: EntryQuerySet, most: int) -> list[Entry]:
    return rows.order_by("-sequence").fetch(most)


def _listed(found: list[Entry], number: int, most: int) -> Listed:
    newest = sorted(found, key=lambda one: -one.sequence)[:most]
    return Listed(tuple(newest), max(0, number - len(newest)))
