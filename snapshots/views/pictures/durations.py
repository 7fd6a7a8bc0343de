"""How long creates took, beside the time that the provider documents."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext as _

from snapshots.contract import CREATE_MINUTES
from snapshots.operations.expectations import was_end_seen
from snapshots.operations.models import Action, Operation, State
from snapshots.templatetags.portal import duration, named
from snapshots.views.links import link
from snapshots.views.pictures import sentences as texts
from snapshots.views.pictures.frames import (
    BELOW_AXIS,
    KeyEntry,
    Picture,
    tick_labels,
    time_scale,
    value_lines,
)
from snapshots.views.pictures.scales import value_scale
from snapshots.views.pictures.server_facts import ServerFacts

TOP: Final = 1.6
BOTTOM: Final = 11.0


@dataclass(frozen=True)
class Create:
    """A completed create, and how long it took until the portal saw its end."""

    operation: Operation
    at: datetime
    took: timedelta

    @property
    def minutes(self) -> float:
        return self.took.total_seconds() / 60

    @property
    def kind(self) -> str:
        return "warn" if self.minutes > CREATE_MINUTES[1] else "ok"


@dataclass(frozen=True)
class Point:
    x: float
    y: float
    kind: str
    title: str


@dataclass(frozen=True)
class DurationRow:
    at: datetime
    name: str
    url: str
    took: str


@dataclass(frozen=True, kw_only=True)
class Durations(Picture):
    """`band`: from where to where the documented time is, from the top, in em."""

    band: tuple[float, float] = (0, 0)
    points: tuple[Point, ...] = ()
    rows: tuple[DurationRow, ...] = ()


def make_durations(facts: ServerFacts) -> Durations:
    title = _("How long creates took")
    creates, unseen = completed_creates(facts.operations)
    if not creates:
        sentence = texts.no_durations_sentence(unseen)
        return Durations(key="durations", title=title, sentence=sentence, is_empty=True)
    scale = time_scale(facts.since, facts.now)
    low, high = CREATE_MINUTES
    values = value_scale(max(high, *(one.minutes for one in creates)), top_y=TOP, bottom_y=BOTTOM, least=1)
    return Durations(
        key="durations",
        title=title,
        sentence=texts.durations_sentence([one.took for one in creates], unseen),
        bottom=BOTTOM,
        height=BOTTOM + BELOW_AXIS,
        ticks=tick_labels(scale),
        lines=value_lines(values, texts.minutes_text),
        legend=_legend(creates),
        band=(values.y(high), round(values.y(low) - values.y(high), 2)),
        points=tuple(
            Point(scale.x(one.at), values.y(one.minutes), one.kind, _point_title(one)) for one in creates
        ),
        rows=tuple(
            DurationRow(
                one.at,
                named(one.operation.snapshot_name),
                link("operation_detail", one.operation.pk),
                duration(one.took),
            )
            for one in creates
        ),
    )


def completed_creates(operations: Iterable[Operation]) -> tuple[list[Create], int]:
    """Those whose end was seen soon after it came, in the given order, and how many more were completed."""
    completed = [one for one in operations if one.action == Action.CREATE and one.state == State.COMPLETED]
    found = [
        Create(one, one.accepted_at, one.ended_at - one.accepted_at)
        for one in completed
        if one.accepted_at
        and one.ended_at
        and was_end_seen(one.accepted_at, one.seen_moving_at, one.ended_at)
    ]
    return found, len(completed) - len(found)


def _legend(creates: list[Create]) -> tuple[KeyEntry, ...]:
    late = (KeyEntry("dot", "warn", _("Took longer")),) if any(one.kind == "warn" for one in creates) else ()
    return (
        KeyEntry("band", "", _("The documented time")),
        KeyEntry("dot", "ok", _("One create")),
        *late,
    )


def _point_title(create: Create) -> str:
    return texts.labelled_snapshot(create.operation.snapshot_name, duration(create.took))
