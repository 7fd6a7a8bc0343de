"""The timeline of a server: its snapshots as bars from when they were made to when they are gone, and what was done to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext as _

from snapshots.operations.models import Action, Operation, State
from snapshots.templatetags.portal import named
from snapshots.views.links import link
from snapshots.views.pictures import sentences as texts
from snapshots.views.pictures.frames import (
    BELOW_AXIS,
    KeyEntry,
    Picture,
    short,
    tick_labels,
    time_scale,
)
from snapshots.views.pictures.lanes import Lane, drawn_dues, make_lanes
from snapshots.views.pictures.scales import TimeScale
from snapshots.views.pictures.server_facts import Due, ServerFacts, Stay
from snapshots.views.texts.base import Badge
from snapshots.views.texts.operations import operation_badge

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

MOST_ROWS: Final = 8
"""Of bars below each other; the provider keeps fewer snapshots, but a list may be read late."""
NOW_Y: Final = 1.1
BELOW_NOW: Final = 1.6
LABEL_Y: Final = 2.6
FIRST_ROW: Final = 3.7
ROW: Final = 1.1
NAME_ROOM: Final = 1.1
NAME_ABOVE: Final = 0.6
NAME_ABOVE_MARK: Final = 0.8
MARK_BELOW: Final = 1.1
GAP: Final = 0.012
"""Between bars of a row, as a part of the whole time: they have round ends."""
LATE: Final = 0.6
"""Where now is later than this part of the time, its word ends there, instead of having its middle there."""


@dataclass(frozen=True)
class Bar:
    """A snapshot, from `x` to `to`. `planned`: from where to where the rest of it goes; None if no end is planned.

    `protected`: the title of the mark at its end; '' if it is not protected.
    """

    x: float
    to: float
    y: float
    kind: str
    title: str
    name: str = ""
    name_x: float = 0
    name_y: float = 0
    anchor: str = "start"
    planned: tuple[float, float] | None = None
    protected: str = ""


@dataclass(frozen=True)
class Row:
    """A line of the table. `at` is None if it is not known; then it is in the table alone."""

    at: datetime | None
    what: "StrPromise | str"
    name: str
    badge: Badge | None = None
    url: str = ""
    snapshot_id: int | None = None
    until: datetime | None = None
    note: "StrPromise | str" = ""


@dataclass(frozen=True, kw_only=True)
class Timeline(Picture):
    bars: tuple[Bar, ...]
    lanes: tuple[Lane, ...]
    now_x: float
    now_anchor: str
    """In the middle where `now_x` leaves a long word too little room on one side."""
    future: tuple[float, float]
    rows: tuple[Row, ...]
    now_y: float = NOW_Y
    now_top: float = BELOW_NOW
    label_y: float = LABEL_Y

    @property
    def future_height(self) -> float:
        return round(self.bottom - BELOW_NOW, 2)


def make_timeline(facts: ServerFacts) -> Timeline:
    scale = time_scale(facts.since, facts.until)
    bars, below = _bars(facts, scale)
    lanes = make_lanes(facts, scale, below)
    bottom = lanes[-1].y + MARK_BELOW if lanes else below
    return Timeline(
        key="timeline",
        title=_("Snapshots over time"),
        sentence=texts.timeline_sentence(facts),
        note=texts.dues_note(facts, drawn=drawn_dues(lanes)),
        bottom=round(bottom, 2),
        height=round(bottom + BELOW_AXIS, 2),
        ticks=tick_labels(scale),
        legend=_legend(bars, lanes),
        bars=tuple(bars),
        lanes=tuple(lanes),
        now_x=scale.x(facts.now),
        now_anchor="middle" if facts.now - facts.since < (facts.until - facts.since) * LATE else "end",
        future=scale.span(facts.now, facts.until),
        rows=_rows(facts),
    )


def _packed(facts: ServerFacts) -> list[list[Stay]]:
    """The snapshots in rows, so that the bars of a row do not touch. The last rows are shared if there would be too many."""
    rows: list[list[Stay]] = []
    free_from: list[datetime] = []
    gap = (facts.until - facts.since) * GAP
    timed = [(one.start, one) for one in facts.stays if one.start]
    for start, stay in sorted(timed, key=lambda one: (one[0], one[1].snapshot_id)):
        number = next((row for row, free_at in enumerate(free_from) if free_at + gap <= start), len(rows))
        if number == MOST_ROWS:
            number = free_from.index(min(free_from))
        elif number == len(rows):
            rows.append([])
            free_from.append(start)
        rows[number].append(stay)
        free_from[number] = max(start, stay.end or stay.planned_end or facts.now)
    return rows


def _bars(facts: ServerFacts, scale: TimeScale) -> tuple[list[Bar], float]:
    """The bars, and where the next thing below them may begin. A row has room for names only if it has any."""
    bars: list[Bar] = []
    below = FIRST_ROW
    for stays in _packed(facts):
        below += ROW + (NAME_ROOM if any(one.is_listed for one in stays) else 0)
        bars += [_bar(one, round(below - ROW, 2), scale, facts) for one in stays]
    return bars, below


def _name_place(start: datetime, end: datetime, scale: TimeScale) -> tuple[datetime, str]:
    """At the start, the end or the middle of a bar, so that a name has two thirds of the width."""
    third = (scale.end - scale.start) / 3
    if start <= scale.start + third:
        return start, "start"
    if end >= scale.end - third:
        return end, "end"
    return start + (end - start) / 2, "middle"


def _bar(stay: Stay, y: float, scale: TimeScale, facts: ServerFacts) -> Bar:
    start = stay.start or facts.since
    end = max(stay.end or facts.now, start)
    name_at, anchor = _name_place(start, end, scale)
    return Bar(
        x=scale.x(start),
        to=scale.x(end),
        y=y,
        kind="ok" if stay.is_listed else "neutral",
        title=texts.stay_title(stay),
        name=short(named(stay.name)) if stay.is_listed else "",
        name_x=scale.x(name_at),
        name_y=round(y - (NAME_ABOVE_MARK if stay.is_protected else NAME_ABOVE), 2),
        anchor=anchor,
        planned=(scale.x(end), scale.x(max(stay.planned_end, end))) if stay.planned_end else None,
        protected=texts.protected_title(stay) if stay.is_protected else "",
    )


def _legend(bars: Sequence[Bar], lanes: Sequence[Lane]) -> tuple[KeyEntry, ...]:
    """What the marks that are there mean, in a fixed order."""
    shown = {(mark.shape, mark.kind) for lane in lanes for mark in lane.marks}
    kinds = {bar.kind for bar in bars}
    found = [
        KeyEntry("bar", kind, text)
        for kind, text in (("ok", _("Exists")), ("neutral", _("Is gone")))
        if kind in kinds
    ]
    if any(bar.planned for bar in bars):
        found.append(KeyEntry("planned", "neutral", _("Will be deleted at its end")))
    if any(bar.protected for bar in bars):
        found.append(KeyEntry("shield", "ok", texts.PROTECTED))
    return (*found, *(KeyEntry(*one) for one in texts.MARKS if one[:2] in shown))


def _rows(facts: ServerFacts) -> tuple[Row, ...]:
    """Everything that is drawn, the newest first; what has no time at the end."""
    rows = [
        *(_due_row(one) for one in facts.dues),
        *(_stay_row(one) for one in facts.stays),
        *(_plan_row(one) for one in facts.stays if one.planned_end),
        *(_operation_row(one) for one in facts.operations if not _is_bar(one)),
    ]
    earliest = min((row.at for row in rows if row.at), default=facts.since)
    return tuple(sorted(rows, key=lambda row: (row.at is not None, row.at or earliest), reverse=True))


def _is_bar(operation: Operation) -> bool:
    return operation.action == Action.CREATE and operation.state == State.COMPLETED


def _stay_row(stay: Stay) -> Row:
    note = texts.PROTECTED if stay.is_protected else ""
    return Row(
        stay.start, _("Made"), named(stay.name), texts.stay_badge(stay), "", stay.snapshot_id, stay.end, note
    )


def _plan_row(stay: Stay) -> Row:
    url = link("deletion_detail", stay.plan_pk) if stay.plan_pk else ""
    return Row(
        stay.planned_end, texts.plan_words(stay), named(stay.name), texts.PLANNED, url, stay.snapshot_id
    )


def _operation_row(operation: Operation) -> Row:
    return Row(
        operation.sent_at or operation.created_at,
        Action(operation.action).label,
        named(operation.snapshot_name),
        operation_badge(operation),
        link("operation_detail", operation.pk),
        operation.snapshot_id,
    )


def _due_row(due: Due) -> Row:
    return Row(
        due.at,
        _("Schedule"),
        due.makes or due.schedule.name,
        texts.due_badge(due),
        link("schedule_detail", due.schedule.pk),
    )
