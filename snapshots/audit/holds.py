"""Places and lifts legal holds, each with a row of the log: `audit.hold`, `audit.lift_hold`.

The row's target is what is held (`server 12`); its evidence is the name of the hold.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import reduce
from operator import or_
from typing import Final

from django.db.models import Q

from snapshots.audit import journal, locking, statements
from snapshots.audit.hold_models import Hold, Scope
from snapshots.audit.journal import Actor
from snapshots.audit.models import Entry
from snapshots.audit.queries import COUNT_LIMIT
from snapshots.audit.sealing import Row
from snapshots.audit.subjects import Kind, Subject

HOLD: Final = "audit.hold"
LIFT_HOLD: Final = "audit.lift_hold"
ACTIONS: Final = frozenset({HOLD, LIFT_HOLD})
SCANNED_ROWS: Final = 20_000
"""Of these newest rows those about a person are counted: about 50 ms."""


class HoldError(Exception):
    """Nothing was changed; the message says why."""


@dataclass(frozen=True)
class HeldRows:
    """The number of rows under a hold, at most COUNT_LIMIT + 1. `is_all`: false if there may be more that were not looked for."""

    count: int
    is_all: bool = True

    @property
    def is_none(self) -> bool:
        return self.is_all and not self.count


@dataclass(frozen=True)
class Placed:
    """A hold with the row that placed it and the row that lifted it, if it is lifted."""

    hold: Hold
    placed: Entry | None
    lifted: Entry | None

    @property
    def name(self) -> str:
        return self.placed.evidence if self.placed else ""


def place(*, actor: Actor, scope: Scope, name: str, reason: str, by: str = "") -> Hold:
    """Place a hold. `by` is the name typed at the command line. Raises JournalUnavailableError; then there is no hold."""
    with journal.committed():
        row = journal.record(
            actor.entry(
                action=HOLD,
                target=str(scope),
                evidence=statements.HOLD_NAME.said(name=name),
                reason=reason,
                settled_by=by,
            )
        )
        return Hold.objects.create(placed_in=row.sequence, **asdict(scope))


def lift(*, actor: Actor, placed_in: int, reason: str, by: str = "") -> Hold:
    """Lift the hold that the row `placed_in` placed. Raises HoldError when there is none, or it is lifted already."""
    with journal.committed():
        locking.take_advisory_lock()
        hold = Hold.objects.filter(placed_in=placed_in).first()
        if hold is None:
            raise HoldError(f"row {placed_in} placed no hold")
        if hold.lifted_in is not None:
            raise HoldError(f"the hold of row {placed_in} is lifted already, in row {hold.lifted_in}")
        row = journal.record(
            actor.entry(
                action=LIFT_HOLD,
                target=str(hold),
                evidence=statements.PLACED_IN.said(row=placed_in),
                reason=reason,
                settled_by=by,
            )
        )
        hold.lifted_in = row.sequence
        hold.save(update_fields=["lifted_in"])
        return hold


def in_force() -> Iterable[Hold]:
    return Hold.objects.filter(lifted_in=None)


def people() -> dict[int, Hold]:
    """Person's number → a hold in force that keeps what concerns this person."""
    return {hold.person_id: hold for hold in in_force() if hold.person_id is not None}


def held_rows() -> Q | None:
    """The condition on rows of the log that are under a hold; None when there is no hold."""
    conditions = [hold.held_rows for hold in in_force()]
    return reduce(or_, conditions) if conditions else None


def read_all() -> list[Placed]:
    """All holds, newest first."""
    holds = list(Hold.objects.all())
    numbers = [number for hold in holds for number in (hold.placed_in, hold.lifted_in) if number]
    rows = Entry.objects.numbered().filter(sequence__in=numbers)
    found = {entry.sequence: entry for entry in rows.fetch(len(numbers))}
    return [Placed(hold, found.get(hold.placed_in), found.get(hold.lifted_in or 0)) for hold in holds]


def name_of(hold: Hold) -> str:
    """The newest name of the held server or person in the log; '' if it has none there, and for a hold on anything else."""
    if hold.server_id is not None:
        rows = Entry.objects.numbered().filter(server_id=hold.server_id).exclude(server_name="")
        return next((entry.server_name for entry in rows.order_by("-sequence").fetch(1)), "")
    if hold.person_id is None:
        return ""
    rows = Entry.objects.numbered().filter(actor_id=hold.person_id).exclude(actor_subject="")
    acted = next((entry.actor_name for entry in rows.order_by("-sequence").fetch(1)), "")
    named = Subject.objects.filter(person_id=hold.person_id, kind=Kind.PERSON, erased_in=None)
    return acted or next((one.value for one in named if one.opens), "")


def count_rows(hold: Hold) -> HeldRows:
    """How many rows in the database it holds. The time does not grow with the log.

    Rows by a person are counted in an index. There is none for rows about a person, so they are counted among the newest alone.
    """
    entries = Entry.objects.all()
    if hold.person_id is None:
        return HeldRows(entries.filter(hold.held_rows).capped_count())
    count = entries.filter(actor_id=hold.person_id).capped_count()
    if count > COUNT_LIMIT or not Subject.objects.filter(person_id=hold.person_id).exists():
        return HeldRows(count)
    before = max(0, (entries.last_sequence() or 0) - SCANNED_ROWS)
    newest = entries.filter(
        sequence__gt=before
    )  # with a second limit of sequences SQLite might read all rows
    about = newest.filter(hold.held_rows).exclude(actor_id=hold.person_id).capped_count()
    is_scanned = not entries.numbered().filter(sequence__lte=before).exists()
    return HeldRows(min(count + about, COUNT_LIMIT + 1), is_all=is_scanned)


def agrees(row: Row) -> bool:
    """Whether the table of holds has what this row says; true for a row of another action."""
    if row["action"] == HOLD:
        hold = Hold.objects.filter(placed_in=row["sequence"]).first()
        return hold is not None and str(hold) == row["target"] and _is_lifted_rightly(hold)
    if row["action"] == LIFT_HOLD:
        return any(str(hold) == row["target"] for hold in Hold.objects.filter(lifted_in=row["sequence"]))
    return True


def _is_lifted_rightly(hold: Hold) -> bool:
    if hold.lifted_in is None:
        return True
    lifting = Entry.objects.filter(sequence=hold.lifted_in, action=LIFT_HOLD, target=str(hold))
    return lifting.exists()
