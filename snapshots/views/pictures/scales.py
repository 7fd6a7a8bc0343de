"""Axes of pictures: where a time or a value is drawn, and the round steps at which an axis has ticks. Pure."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

INSET: Final = 1.0
"""Per cent. What is drawn at the first or the last moment has room for its mark."""
STEPS_OF_DAYS: Final = (1, 2, 7, 14)
STEPS_OF_MONTHS: Final = (1, 2, 3, 6, 12)
MOST_TICKS: Final = 9
MOST_LINES: Final = 4
EVERY_SECOND: Final = 2
EVERY_FOURTH: Final = 4
EDGE: Final = 6.0
"""Per cent. A label nearer to an end of the axis than this begins or ends at its tick."""
NARROW_EDGE: Final = 24.0
"""The same where few words fit beside each other."""


@dataclass(frozen=True)
class TimeTick:
    """`level`: 0 is labelled always, 1 where there is some room, 2 where there is much. `anchor`: as in SVG.

    `narrow_anchor`: the same where there is little room.
    """

    x: float
    day: date
    level: int
    anchor: str
    narrow_anchor: str


@dataclass(frozen=True)
class TimeScale:
    """From `start` to `end`, with the first moment at the side where reading begins."""

    start: datetime
    end: datetime
    is_mirrored: bool = False

    def x(self, at: datetime) -> float:
        """In per cent. Moments before the start and after the end are drawn there."""
        return round(100 - self._along(at) if self.is_mirrored else self._along(at), 2)

    def _along(self, at: datetime) -> float:
        share = (at - self.start) / (self.end - self.start)
        return INSET + min(1.0, max(0.0, share)) * (100 - 2 * INSET)

    def span(self, since: datetime, until: datetime) -> tuple[float, float]:
        """Where it begins on the left, and how wide it is."""
        ends = sorted((self.x(since), self.x(until)))
        return ends[0], round(ends[1] - ends[0], 2)

    def ticks(self) -> tuple[TimeTick, ...]:
        """Days (UTC) in round steps. The newest one has a label at any width."""
        days = next((found for found in self._choices() if len(found) <= MOST_TICKS), [])
        newest_first = enumerate(reversed(days))
        return tuple(
            TimeTick(
                self.x(_midnight(day)),
                day,
                _level(number),
                self.anchor(_midnight(day)),
                self.anchor(_midnight(day), NARROW_EDGE),
            )
            for number, day in newest_first
        )[::-1]

    def anchor(self, at: datetime, edge: float = EDGE) -> str:
        """How a label at this moment is aligned: as it is read, so that it is right in both directions."""
        along = self._along(at)
        return "start" if along < edge else "end" if along > 100 - edge else "middle"

    def _choices(self) -> Iterator[list[date]]:
        days = list(self._days())
        for step in STEPS_OF_DAYS:
            yield [day for day in days if day.toordinal() % step == 1 % step]  # weeks begin on Monday
        months = [day for day in days if day.day == 1]
        for step in STEPS_OF_MONTHS:
            yield [day for day in months if (day.month - 1) % step == 0]

    def _days(self) -> Iterator[date]:
        day = self.start.astimezone(UTC).date()
        if _midnight(day) < self.start:
            day += timedelta(days=1)
        while _midnight(day) <= self.end:
            yield day
            day += timedelta(days=1)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _level(number: int) -> int:
    return 0 if number % EVERY_FOURTH == 0 else 1 if number % EVERY_SECOND == 0 else 2


@dataclass(frozen=True)
class ValueScale:
    """From 0 to `top`, a multiple of `step`, drawn between `top_y` and `bottom_y`, which are in em."""

    step: float
    top: float
    top_y: float
    bottom_y: float

    def y(self, value: float) -> float:
        """In em. What is below 0 or above the top is drawn there."""
        share = min(1.0, max(0.0, value / self.top))
        return round(self.bottom_y - share * (self.bottom_y - self.top_y), 2)

    def height(self, value: float) -> float:
        """Of a bar that stands on the axis."""
        return round(self.bottom_y - self.y(value), 2)

    @property
    def lines(self) -> tuple[float, ...]:
        """The values of the lines above the axis."""
        return tuple(number * self.step for number in range(1, round(self.top / self.step) + 1))


def value_scale(
    largest: float, *, top_y: float, bottom_y: float, unit: float = 1, least: float = 0
) -> ValueScale:
    """Steps are 1, 2 or 5 times a power of ten of `unit`, and at least `least` units."""
    step = max(round_step(largest / unit), least or 0) * unit
    return ValueScale(step, max(1, math.ceil(round(largest / step, 9))) * step, top_y, bottom_y)


def round_step(largest: float) -> float:
    """The smallest round step of which MOST_LINES reach `largest`; 1 if there is nothing to reach."""
    if largest <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(largest / MOST_LINES))
    return next(one * power for one in (1, 2, 5, 10, 20) if one * power * MOST_LINES >= largest)
