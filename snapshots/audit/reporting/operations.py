"""Operations as they stood when the period ended: each counts in the month in which its newest row until then was written."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.db.models import Count, Exists, OuterRef

from snapshots.audit.models import Entry, Phase
from snapshots.audit.queries import EntryQuerySet
from snapshots.audit.reporting.coverage import Coverage
from snapshots.audit.reporting.tally import Tally, count_parts
from snapshots.audit.search.criteria import FOLLOWED_RESULTS

ACTIONS: Final = ("snapshot.create", "snapshot.restore", "snapshot.delete")
OPEN_RESULTS: Final = FOLLOWED_RESULTS
"""Results of an operation that has not ended: its next row says more."""


@dataclass(frozen=True)
class Standing:
    """How many operations of a person had this result as the last one when the period ended."""

    action: str
    result: str
    person_id: int | None
    number: int


def standings(coverage: Coverage, tally: Tally) -> tuple[Standing, ...]:
    """Those that ended or were refused are counted already; those that were open are found by their rows."""
    ended = [
        Standing(one.action, one.result, one.person_id, one.number)
        for one in tally.groups
        if one.action in ACTIONS and one.result not in OPEN_RESULTS
    ]
    return (*ended, *_open(coverage))


def _open(coverage: Coverage) -> Iterable[Standing]:
    grouped = open_rows(coverage).values_list("action", "result", "actor_id")
    found, _named_by_the_tally = count_parts(grouped.annotate(number=Count("sequence")), coverage)
    return [Standing(*(*values, number)) for values, number in found.items()]


def open_rows(coverage: Coverage) -> EntryQuerySet:
    """The newest rows, in the period, of operations that were open when it ended."""
    rows = coverage.rows.filter(action__in=ACTIONS, result__in=OPEN_RESULTS)
    return rows.filter(~later_row(coverage))


def later_row(coverage: Coverage) -> Exists:
    """Whether the operation of a row has a later one until the end of the period."""
    same = Entry.objects.filter(operation_id=OuterRef("operation_id"), sequence__lte=coverage.last)
    return Exists(same.filter(sequence__gt=OuterRef("sequence")))


def requested_by_origin(tally: Tally, action: str = "") -> dict[str, int]:
    """Channel → how many operations were requested in the period, the most first."""
    found: dict[str, int] = {}
    for one in tally.groups:
        is_asked = one.phase == Phase.INTENT and one.action in ACTIONS
        if is_asked and action in {"", one.action}:
            found[one.origin] = found.get(one.origin, 0) + one.number
    return dict(sorted(found.items(), key=lambda origin: (-origin[1], origin[0])))
