"""Counts rows by the values of columns. Rows that cannot be read are named, and all others counted."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db.models import BooleanField, Case, CharField, Count, F, Q, Value, When

from snapshots.audit import tolerant_rows
from snapshots.audit.entry_data import OVERRIDE
from snapshots.audit.models import Phase
from snapshots.audit.queries import EntryQuerySet
from snapshots.audit.reporting.coverage import Coverage
from snapshots.audit.search.activity import UNFINISHED, Day

MOST_UNREADABLE: Final = 20
"""If there are more, nothing is counted."""
IS_OVERRIDE: Final = Q(phase=Phase.INTENT) & (
    Q(reason__startswith=OVERRIDE) | Q(reason__contains=f"\n{OVERRIDE}")
)
API: Final = "api"
Sums = Counter[tuple[Any, ...]]
"""The values of a group → how many rows have them."""
COLUMNS: Final = ("phase", "action", "result", "code")


@dataclass(frozen=True)
class Group:
    """Rows with the same values. `origin`: of an intent the channel, without the API key's number. `person_id`: who acted."""

    phase: str
    action: str
    result: str
    code: str
    person_id: int | None
    origin: str
    is_override: bool
    number: int


@dataclass(frozen=True)
class Tally:
    """`unreadable`: the rows that could not be read. `foreign`: how many rows hold a value of a type that is never written.

    Neither is in `groups`. Not `is_readable`: there were too many of the former, and nothing was counted.
    """

    groups: tuple[Group, ...] = ()
    unreadable: tuple[int, ...] = ()
    foreign: int = 0
    is_readable: bool = True

    @property
    def number(self) -> int:
        """Of all rows that were found."""
        return sum(one.number for one in self.groups) + len(self.unreadable) + self.foreign

    def count(self, **values: str) -> int:
        """Of the rows with these values."""
        return sum(
            one.number
            for one in self.groups
            if all(getattr(one, name) == value for name, value in values.items())
        )


@dataclass(frozen=True)
class DayCount:
    """How many rows of a day (UTC) say that something ended with this result."""

    day: date
    result: str
    number: int


def count_rows(coverage: Coverage) -> Tally:
    """All rows that the report counts."""
    found, unreadable = count_parts(_grouped(coverage.rows), coverage)
    if len(unreadable) > MOST_UNREADABLE:
        return Tally(is_readable=False)
    groups, foreign = [], 0
    for values, number in found.items():
        if _is_ours(values):
            groups.append(Group(*(*values, number)))
        else:
            foreign += number
    return Tally(tuple(groups), tuple(unreadable), foreign)


def _is_ours(values: tuple[Any, ...]) -> bool:
    *texts, person, origin, _is_override = values
    return all(type(one) is str for one in (*texts, origin)) and (person is None or type(person) is int)


def count_days(coverage: Coverage) -> tuple[DayCount, ...]:
    """Of the rows that say how something ended, by day and result."""
    ended = coverage.rows.exclude(result__in=UNFINISHED).annotate(day=Day("at"))
    grouped = ended.values_list("day", "result").annotate(number=Count("sequence"))
    found, _unreadable = count_parts(grouped, coverage)
    return tuple(_day_counts(found))


def _day_counts(found: Sums) -> Iterator[DayCount]:
    """Without values of another form."""
    for (text, result), number in found.items():
        day = _day_of(text)
        if day is not None and type(result) is str:
            yield DayCount(day, result, number)


def _day_of(text: object) -> date | None:
    try:
        return date.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _grouped(rows: EntryQuerySet) -> Any:
    channel = Case(When(channel__startswith=API, then=Value(API)), default=F("channel"))
    origin = Case(When(phase=Phase.INTENT, then=channel), default=Value(""), output_field=CharField())
    is_override = Case(When(IS_OVERRIDE, then=True), default=False, output_field=BooleanField())
    wanted = rows.annotate(origin=origin, is_override=is_override)
    grouped = wanted.values_list(*COLUMNS, "actor_id", "origin", "is_override")
    return grouped.annotate(number=Count("sequence"))


def count_parts(grouped: Any, coverage: Coverage) -> tuple[Sums, list[int]]:
    """The number of rows of each group, which is the last value of a row of `grouped`, and the rows that cannot be read.

    Of a part that has one of these, the halves are counted.
    """
    found: Sums = Counter()
    unreadable: list[int] = []
    waiting = coverage.parts()
    while waiting and len(unreadable) <= MOST_UNREADABLE:
        first, last = waiting.pop()
        try:
            for *values, number in tolerant_rows.read_all(grouped.filter(sequence__range=(first, last))):
                found[tuple(values)] += number
        except tolerant_rows.UnreadableError:
            if first == last:
                unreadable.append(first)
                continue
            middle = (first + last) // 2
            waiting += [(middle + 1, last), (first, middle)]
    return found, unreadable
