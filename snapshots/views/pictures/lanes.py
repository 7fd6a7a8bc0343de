"""The lanes of the timeline, below its bars: what was done to the snapshots of a server, and what is to come."""

from bisect import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext as _

from snapshots.operations.models import Action, Operation, State
from snapshots.views.pictures import sentences as texts
from snapshots.views.pictures.scales import TimeScale
from snapshots.views.pictures.server_facts import Due, ServerFacts
from snapshots.views.texts.operations import operation_badge

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

LANE: Final = 2.5
LANE_LABEL: Final = 0.6
LANE_MARKS: Final = 1.7
SHAPES: Final = {Action.CREATE: "dot", Action.RESTORE: "diamond", Action.DELETE: "cross"}
APART: Final = 1.2
"""Per cent. Marks of due times that are nearer to each other would merge into a bar."""
FAR_APART: Final = 3.6
"""The same on a telephone."""
NARROW_LEVEL: Final = 2
"""Of marks that are left out where there is little room."""


@dataclass(frozen=True)
class Mark:
    """Something at one moment. `shape`: of pictures/_marks.html; `kind` as of badges; `level` as of ticks."""

    x: float
    shape: str
    kind: str
    title: str
    level: int = 0


@dataclass(frozen=True)
class Lane:
    """Marks of one kind in a line, below its label."""

    label: "StrPromise | str"
    label_y: float
    y: float
    marks: tuple[Mark, ...]


def make_lanes(facts: ServerFacts, scale: TimeScale, y: float) -> list[Lane]:
    """Lanes that have marks. Of creates only those that made no snapshot: the others are bars."""
    of = {action: [one for one in facts.operations if one.action == action] for action in Action}
    made_none = [one for one in of[Action.CREATE] if one.state != State.COMPLETED]
    candidates = [
        (_("Creates"), [_operation_mark(one, scale) for one in made_none]),
        (_("Restores"), [_operation_mark(one, scale) for one in of[Action.RESTORE]]),
        (
            _("Deletions"),
            [*(_operation_mark(one, scale) for one in of[Action.DELETE]), *_plan_marks(facts, scale)],
        ),
        (_("Schedules"), _due_marks(facts.dues, scale)),
    ]
    filled = [(label, marks) for label, marks in candidates if marks]
    return [
        Lane(
            label,
            round(y + number * LANE + LANE_LABEL, 2),
            round(y + number * LANE + LANE_MARKS, 2),
            tuple(marks),
        )
        for number, (label, marks) in enumerate(filled)
    ]


def _operation_mark(operation: Operation, scale: TimeScale) -> Mark:
    badge = operation_badge(operation)
    shape = "unknown" if operation.state == State.UNKNOWN else SHAPES[Action(operation.action)]
    at = operation.sent_at or operation.created_at
    return Mark(scale.x(at), shape, badge.kind, texts.operation_title(operation, at))


def _plan_marks(facts: ServerFacts, scale: TimeScale) -> Iterable[Mark]:
    for stay in facts.stays:
        if stay.planned_end and stay.planned_end <= facts.until:
            yield Mark(scale.x(stay.planned_end), "cross", "neutral", texts.plan_title(stay))


def _due_marks(dues: Sequence[Due], scale: TimeScale) -> list[Mark]:
    """Marks that can be told apart, those that find no place first: the others are drawn above them."""
    apart = _apart(sorted(dues, key=lambda one: not one.makes), scale, APART)
    always = {id(one) for one in _apart(apart, scale, FAR_APART)}
    return [_due_mark(one, scale, 0 if id(one) in always else NARROW_LEVEL) for one in reversed(apart)]


def _apart(dues: Iterable[Due], scale: TimeScale, distance: float) -> list[Due]:
    """Those that are at least so far, in per cent, from each one before them."""
    found: list[Due] = []
    taken: list[float] = []
    for one in dues:
        x = scale.x(one.at)
        place = bisect(taken, x)
        if all(abs(x - other) >= distance for other in taken[max(0, place - 1) : place + 1]):
            found.append(one)
            taken.insert(place, x)
    return found


def drawn_dues(lanes: Iterable[Lane]) -> int:
    """How many due times have a mark at any width."""
    return sum(mark.shape == "ring" and not mark.level for lane in lanes for mark in lane.marks)


def _due_mark(due: Due, scale: TimeScale, level: int) -> Mark:
    return Mark(scale.x(due.at), "ring", "moving" if due.makes else "warn", texts.due_title(due), level)
