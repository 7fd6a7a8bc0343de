"""How many entries the log had on each day, by result."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from django.utils.translation import gettext as _

from snapshots.audit.search.activity import Count
from snapshots.templatetags.formats import date_text
from snapshots.views.pictures import sentences as texts
from snapshots.views.pictures.frames import (
    BELOW_AXIS,
    Picture,
    count_text,
    tick_labels,
    time_scale,
    value_lines,
)
from snapshots.views.pictures.results import Amount, amounts, kind_of, legend_of
from snapshots.views.pictures.scales import ValueScale, value_scale

TOP: Final = 1.6
BOTTOM: Final = 12.0
GAP: Final = timedelta(hours=3)
"""On each side of a day's bar."""
ROOM: Final = 0.05
"""Before the first day, as a part of all days: for the labels of the values."""


@dataclass(frozen=True)
class Segment:
    """A part of a day's bar. `kind`: of a result, see results.py."""

    x: float
    width: float
    y: float
    height: float
    kind: str
    title: str


@dataclass(frozen=True)
class DayRow:
    day: str
    url: str
    total: str
    amounts: tuple[Amount, ...]


@dataclass(frozen=True, kw_only=True)
class Days(Picture):
    segments: tuple[Segment, ...] = ()
    rows: tuple[DayRow, ...] = ()


def make_days(counts: Iterable[Count], first: date, last: date, url: str) -> Days:
    """`url`: of the list of the log with the present filter, to which a day is added."""
    title = _("Entries by day")
    by_day = _by_day(counts, first, last)
    if not by_day:
        return Days(key="days", title=title, sentence=_("No entry in this time."), is_empty=True)
    start, end = _midnight(first), _midnight(last + timedelta(days=1))
    scale = time_scale(start - (end - start) * ROOM, end)
    values = value_scale(max(one.total() for one in by_day.values()), top_y=TOP, bottom_y=BOTTOM, least=1)
    return Days(
        key="days",
        title=title,
        sentence=texts.days_sentence(by_day),
        bottom=BOTTOM,
        height=BOTTOM + BELOW_AXIS,
        ticks=tick_labels(scale),
        lines=value_lines(values, count_text),
        legend=legend_of(by_day.values()),
        segments=tuple(
            segment
            for day, found in by_day.items()
            for segment in _segments(day, found, scale.span(*_bar_of(day)), values)
        ),
        rows=tuple(_row(day, by_day[day], url) for day in sorted(by_day, reverse=True)),
    )


def _by_day(counts: Iterable[Count], first: date, last: date) -> dict[date, Counter[str]]:
    """Result kind → number, of the days that have entries."""
    found: dict[date, Counter[str]] = defaultdict(Counter)
    for one in counts:
        if first <= one.day <= last:
            found[one.day][kind_of(one.result)] += one.number
    return dict(found)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _bar_of(day: date) -> tuple[datetime, datetime]:
    return _midnight(day) + GAP, _midnight(day + timedelta(days=1)) - GAP


def _segments(
    day: date, found: Mapping[str, int], place: tuple[float, float], values: ValueScale
) -> Iterable[Segment]:
    below = 0
    for one in amounts(found):
        title = texts.labelled(f"{date_text(day)}, {one.text}", one.number)
        y = values.y(below + one.count)
        yield Segment(*place, y, round(values.y(below) - y, 2), one.kind, title)
        below += one.count


def _row(day: date, found: Counter[str], url: str) -> DayRow:
    separator = "&" if "?" in url else "?"
    return DayRow(
        day=date_text(day),
        url=f"{url}{separator}since={day}&until={day}",
        total=count_text(found.total()),
        amounts=tuple(amounts(found)),
    )
