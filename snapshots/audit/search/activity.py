"""How many entries of the log had which result, by day and person: counted in the newest rows of a period, by one query.

Counted is each row that says how something ended. So an operation counts once, or twice if it was unknown before it was resolved.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

from django.db import models

from snapshots.audit import queries, tolerant_rows
from snapshots.audit.models import Entry
from snapshots.audit.search.criteria import Criteria
from snapshots.audit.search.listing import MOST_SCANNED

MOST_COUNTED: Final = 50_000
"""Rows that are looked at; with a text, which each is compared with, MOST_SCANNED."""
UNFINISHED: Final = ("pending", "accepted")


@dataclass(frozen=True)
class Count:
    """`person_id`: None for what nobody did who has an account."""

    day: date
    result: str
    person_id: int | None
    number: int


@dataclass(frozen=True)
class Activity:
    """`counted_from`: when the oldest row was written that was looked at, if the period has older ones; else None.

    Not `is_readable`: a row holds a value that the portal never wrote; then nothing is counted.
    """

    counts: tuple[Count, ...] = ()
    counted_from: datetime | None = None
    is_readable: bool = True


class Day(models.Func):
    """The day of a time in UTC, as text."""

    template = "to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD')"
    output_field = models.CharField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        return self.as_sql(compiler, connection, template="substr(%(expressions)s, 1, 10)", **context)


def count_activity(criteria: Criteria) -> Activity:
    """Of what `criteria` describes. The rows that are looked at are a range of the newest ones, however long the period is."""
    first, end = Entry.objects.all().period(criteria.since, criteria.until)
    last = min(end - 1, queries.newest_sequence() or 0)
    earliest = last - (MOST_SCANNED if criteria.text else MOST_COUNTED) + 1
    rows = replace(criteria, since=None, until=None).rows()
    try:
        counts = _counts(rows, max(first, earliest), last)
    except tolerant_rows.UnreadableError:
        return Activity(is_readable=False)
    return Activity(tuple(counts), _written_at(earliest) if earliest > first else None)


def _counts(rows: queries.EntryQuerySet, first: int, last: int) -> list[Count]:
    ended = rows.filter(sequence__range=(first, last)).exclude(result__in=UNFINISHED)
    grouped = ended.order_by().annotate(day=Day("at")).values_list("day", "result", "actor_id")
    found = tolerant_rows.read_all(grouped.annotate(number=models.Count("sequence")))
    try:
        return [
            Count(date.fromisoformat(day), result, person, number) for day, result, person, number in found
        ]
    except (TypeError, ValueError) as error:
        raise tolerant_rows.UnreadableError(str(error)) from error


def _written_at(sequence: int) -> datetime | None:
    found = Entry.objects.filter(sequence__gte=sequence).order_by("sequence").fetch(1)
    return found[0].at if found else None
