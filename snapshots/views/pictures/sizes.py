"""How much space a server's snapshots took: each one's size when it was made, and all of them together."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext as _

from snapshots.templatetags.portal import MEGABYTES_PER_GIGABYTE, megabytes, named
from snapshots.views.pictures import sentences as texts
from snapshots.views.pictures.frames import (
    BELOW_AXIS,
    KeyEntry,
    Picture,
    tick_labels,
    time_scale,
    value_lines,
)
from snapshots.views.pictures.scales import TimeScale, ValueScale, value_scale
from snapshots.views.pictures.server_facts import ServerFacts, Stay

TOP: Final = 1.6
BOTTOM: Final = 12.0


@dataclass(frozen=True)
class Step:
    """The space of all between two changes, as a bar that stands on the axis."""

    x: float
    width: float
    y: float
    height: float


@dataclass(frozen=True)
class Point:
    x: float
    y: float
    title: str


@dataclass(frozen=True)
class SizeRow:
    """A change: a snapshot was made or is gone, and what all together took from then on."""

    at: datetime
    is_made: bool
    name: str
    size: str
    total: str
    total_mb: int


@dataclass(frozen=True, kw_only=True)
class Sizes(Picture):
    steps: tuple[Step, ...] = ()
    points: tuple[Point, ...] = ()
    rows: tuple[SizeRow, ...] = ()


def make_sizes(facts: ServerFacts) -> Sizes:
    title = _("How much space they take")
    known = [one for one in facts.stays if one.size_mb is not None and one.start is not None]
    if not known:
        return Sizes(key="sizes", title=title, sentence=_("No size is known yet."), is_empty=True)
    end = max(facts.now, *(one.start for one in known if one.start)) + timedelta(seconds=1)
    scale = time_scale(facts.since, end)
    rows = _rows(known)
    values = _values(rows)
    return Sizes(
        key="sizes",
        title=title,
        sentence=texts.sizes_sentence(facts, [one.total_mb for one in rows]),
        bottom=BOTTOM,
        height=BOTTOM + BELOW_AXIS,
        ticks=tick_labels(scale),
        lines=value_lines(values, _size_text),
        legend=(KeyEntry("area", "", _("All together")), KeyEntry("dot", "point", _("One snapshot"))),
        steps=_steps(rows, scale, values, end),
        points=tuple(_point(one, scale, values) for one in known if one.start and one.start >= facts.since),
        rows=rows[::-1],
    )


def _rows(known: list[Stay]) -> tuple[SizeRow, ...]:
    """Each change with the sum after it, the oldest first."""
    changes = [(one.start, True, one) for one in known if one.start]
    changes += [(max(one.end, one.start), False, one) for one in known if one.end and one.start]
    total, rows = 0, []
    for at, is_made, stay in sorted(changes, key=lambda change: (change[0], change[2].snapshot_id)):
        size = stay.size_mb or 0
        total += size if is_made else -size
        rows.append(SizeRow(at, is_made, named(stay.name), megabytes(size), megabytes(total), total))
    return tuple(rows)


def _values(rows: tuple[SizeRow, ...]) -> ValueScale:
    largest = max(one.total_mb for one in rows)
    unit = MEGABYTES_PER_GIGABYTE if largest >= MEGABYTES_PER_GIGABYTE else 1
    return value_scale(largest, top_y=TOP, bottom_y=BOTTOM, unit=unit, least=0.5 if unit > 1 else 1)


def _size_text(value: float) -> str:
    return megabytes(round(value))


def _steps(
    rows: tuple[SizeRow, ...], scale: TimeScale, values: ValueScale, end: datetime
) -> tuple[Step, ...]:
    until = [*(one.at for one in rows[1:]), end]
    return tuple(
        Step(*scale.span(row.at, at), values.y(row.total_mb), values.height(row.total_mb))
        for row, at in zip(rows, until, strict=True)
        if at > scale.start and row.total_mb > 0
    )


def _point(stay: Stay, scale: TimeScale, values: ValueScale) -> Point:
    assert stay.start is not None
    title = texts.labelled_snapshot(stay.name, megabytes(stay.size_mb))
    return Point(scale.x(stay.start), values.y(stay.size_mb or 0), title)
