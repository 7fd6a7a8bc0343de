"""Turns of the worker that look at the provider, and the rows that come of them."""

from datetime import timedelta

from time_machine import Traveller

from snapshots.audit.models import Entry
from snapshots.observations import looking
from tests.support.desk import Desk


def observed() -> list[Entry]:
    return list(Entry.objects.filter(action="snapshot.observed").order_by("sequence"))


def codes() -> list[str]:
    return [row.code for row in observed()]


def look(desk: Desk, clock: Traveller, **by: float) -> list[str]:
    """Let time pass, read, compare; the codes of all that is recorded."""
    clock.shift(timedelta(**(by or {"minutes": 5})))
    desk.views()
    looking.compare_all()
    return codes()
