"""Operations whose result was not known in a period, and how each was resolved."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain, islice
from typing import Final
from uuid import UUID

from django.db.models import Max, QuerySet

from snapshots.audit.models import Entry, Phase
from snapshots.audit.reporting.coverage import Coverage
from snapshots.audit.reporting.operations import ACTIONS, OPEN_RESULTS, Standing, later_row, open_rows
from snapshots.audit.reporting.tally import Tally

MOST_SHOWN: Final = 100
MOST_ROWS: Final = 2_000
UNANSWERED_AFTER: Final = timedelta(minutes=5)
"""An operation without any result after this time was interrupted: docs/auditors.md says that it is to be treated as unknown."""


@dataclass(frozen=True)
class Doubt:
    """An operation whose result was not known.

    `since`: the row that says so, or the request to which no result was recorded. `end`: the row by which it was known again,
    until the end of the period; None if it was open then. `later`: such a row after the period.
    """

    first: Entry
    since: Entry
    end: Entry | None
    later: Entry | None

    @property
    def is_open(self) -> bool:
        return self.end is None


@dataclass(frozen=True)
class Doubts:
    """The open ones first, then the newest first. `has_more`: there are more than MOST_SHOWN."""

    shown: tuple[Doubt, ...] = ()
    has_more: bool = False


def read_doubts(coverage: Coverage, tally: Tally, stood: Collection[Standing]) -> Doubts:
    """What was unknown in the period, was resolved in it, or was still unknown from before.

    What was counted says which rows there are to look for: those of most months have none.
    """
    open_results = {one.result for one in stood if one.result in OPEN_RESULTS}
    counted = {one.result for one in tally.groups if one.action in ACTIONS}
    wanted = chain(_still_open(coverage, open_results), _touched(coverage, counted))
    ids = list(islice(_distinct(wanted), MOST_SHOWN + 1))
    found = [one for rows in _histories(ids[:MOST_SHOWN]) if (one := _doubt(rows, coverage)) is not None]
    ordered = sorted(found, key=lambda one: (not one.is_open, -one.since.sequence))
    return Doubts(tuple(ordered), has_more=len(ids) > MOST_SHOWN)


def _distinct(ids: Iterable[UUID]) -> Iterator[UUID]:
    seen: set[UUID] = set()
    for one in ids:
        if one not in seen:
            seen.add(one)
            yield one


def _still_open(coverage: Coverage, results: Collection[str]) -> Iterator[UUID]:
    """Operations that were unknown, or without any result for long, when the period ended."""
    latest = min(coverage.month.until, coverage.as_of) - UNANSWERED_AFTER
    rows = open_rows(coverage)
    if "unknown" in results:
        yield from _ids(rows.filter(result="unknown"))
    if "pending" in results:
        unanswered = rows.filter(result="pending", at__lt=latest)
        yield from chain.from_iterable(
            _ids(unanswered.filter(sequence__range=part)) for part in coverage.parts()
        )
    before = Entry.objects.filter(result="unknown", action__in=ACTIONS, sequence__lt=coverage.first)
    yield from _ids(before.filter(~later_row(coverage)))


def _touched(coverage: Coverage, results: Collection[str]) -> Iterator[UUID]:
    for result in {"unknown", "reconciled"}.intersection(results):
        yield from _ids(coverage.rows.filter(result=result, action__in=ACTIONS))


def _ids(rows: "QuerySet[Entry]") -> Iterator[UUID]:
    """Of the operations of these rows, those with the newest row first; no more than are wanted."""
    grouped = rows.exclude(operation_id=None).order_by().values("operation_id")
    ordered = grouped.annotate(newest=Max("sequence")).order_by("-newest")
    found = ordered.values_list("operation_id", flat=True)[: MOST_SHOWN + 1]
    yield from (one for one in found if one is not None)


def _histories(ids: Sequence[UUID]) -> Iterable[list[Entry]]:
    """The rows of each of these operations, in order."""
    found: dict[UUID | None, list[Entry]] = defaultdict(list)
    rows = Entry.objects.numbered().filter(operation_id__in=ids).order_by("sequence")
    for row in rows.fetch(MOST_ROWS):
        found[row.operation_id].append(row)
    return (found[one] for one in ids)


def _doubt(rows: Sequence[Entry], coverage: Coverage) -> Doubt | None:
    """None if its rows do not say that it was unknown: they were changed in the database."""
    since = next((one for one in rows if one.result == "unknown"), None)
    if since is None:
        since = next((one for one in rows if one.phase == Phase.INTENT), None)
    if since is None:
        return None
    following = [one for one in rows if one.sequence > since.sequence]
    within = _end([one for one in following if one.sequence <= coverage.last])
    after = _end([one for one in following if one.sequence > coverage.last])
    return Doubt(rows[0], since, within, None if within else after)


def _end(rows: Sequence[Entry]) -> Entry | None:
    """The row that says how it ended, or else, if it is the newest, that the provider had accepted it after all."""
    ended = next((one for one in rows if one.result not in OPEN_RESULTS), None)
    goes_on = rows[-1] if rows and rows[-1].result == "accepted" else None
    return ended or goes_on
