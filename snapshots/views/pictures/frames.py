"""What every picture has: its title and description, its size, and its axes. templates/pictures/_picture.html draws it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from django.utils.formats import number_format
from django.utils.translation import get_language_bidi

from snapshots.templatetags.formats import short_day_text, short_month_text
from snapshots.views.pictures.scales import INSET, TimeScale, ValueScale

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

BELOW_AXIS: Final = 1.7
"""In em: the room for the labels of the time axis."""
TICK: Final = 0.3
LONGEST_NAME: Final = 24
NARROW_NAME: Final = 11
"""Where few words fit beside each other."""


@dataclass(frozen=True)
class TickLabel:
    x: float
    text: str
    level: int
    anchor: str
    narrow_anchor: str


@dataclass(frozen=True)
class Line:
    """A line across the picture at a round value, with its label above where reading begins."""

    y: float
    text: str


@dataclass(frozen=True)
class KeyEntry:
    """What something in the picture means. `shape`: a mark of pictures/_marks.html, or the class of a line or an area."""

    shape: str
    kind: str
    text: "StrPromise | str"

    @property
    def is_line(self) -> bool:
        return self.shape in {"bar", "planned"}

    @property
    def is_area(self) -> bool:
        return self.shape in {"area", "band", "result"}


@dataclass(frozen=True, kw_only=True)
class Picture:
    """`key` begins the IDs of its elements. `sentence` describes it, and says why it is empty if `is_empty`.

    `note`: what is not drawn, beside the table. `bottom` is where the time axis is, and `height` that of all, in em.
    `start_x` is where reading begins, in per cent.
    """

    key: str
    title: "StrPromise | str"
    sentence: str
    is_empty: bool = False
    note: str = ""
    bottom: float = 0
    height: float = 0
    ticks: tuple[TickLabel, ...] = ()
    lines: tuple[Line, ...] = ()
    legend: tuple[KeyEntry, ...] = ()

    @property
    def tick_y(self) -> float:
        return round(self.bottom + TICK, 2)

    @property
    def direction(self) -> str:
        return "rtl" if is_mirrored() else "ltr"

    @property
    def start_x(self) -> float:
        return 100 - INSET if is_mirrored() else INSET

    @property
    def end_x(self) -> float:
        return 100 - self.start_x


def is_mirrored() -> bool:
    """Whether the language is read from right to left: so is a picture then."""
    return get_language_bidi()


def time_scale(start: datetime, end: datetime) -> TimeScale:
    """With the first moment where the language begins to read."""
    return TimeScale(start, end, is_mirrored=is_mirrored())


def tick_labels(scale: TimeScale) -> tuple[TickLabel, ...]:
    ticks = scale.ticks()
    text = short_month_text if all(one.day.day == 1 for one in ticks) else short_day_text
    return tuple(TickLabel(one.x, text(one.day), one.level, one.anchor, one.narrow_anchor) for one in ticks)


def value_lines(scale: ValueScale, text: Callable[[float], str]) -> tuple[Line, ...]:
    return tuple(Line(scale.y(value), text(value)) for value in scale.lines)


def short(name: str, longest: int = LONGEST_NAME) -> str:
    """A name as pictures show it; the table has all of it."""
    return name if len(name) <= longest else f"{name[: longest - 1]}…"


def count_text(number: float) -> str:
    return str(number_format(round(number)))
