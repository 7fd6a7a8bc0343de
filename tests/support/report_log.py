"""Writes a log of two months for the monthly report: October and November 2026, with each kind of row that a section shows."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import time_machine

from snapshots.audit import journal
from snapshots.audit.journal import PORTAL, Actor
from tests.support.audit_rows import ARON, MIA

COMMAND = Actor(id=None, name="", role="", channel="command")
STRANGER = Actor(id=None, name="", role="", address="198.51.100.7")
OCTOBER, NOVEMBER, DECEMBER = (datetime(2026, month, 1, tzinfo=UTC) for month in (10, 11, 12))
MICROSECOND = timedelta(microseconds=1)


@contextmanager
def at(*moment: int) -> Iterator[None]:
    """Inside, it is this time in November 2026: day, hour, minute."""
    with time_machine.travel(datetime(2026, 11, *moment, tzinfo=UTC), tick=False):
        yield


def event(action: str, actor: Actor = MIA, *, moment: datetime | None = None, **fields: Any) -> int:
    """Write an event; returns its sequence."""
    if moment is None:
        return journal.record(actor.entry(action=action, **fields)).sequence
    with time_machine.travel(moment, tick=False):
        return journal.record(actor.entry(action=action, **fields)).sequence


class Operation:
    """An operation of which rows are written one by one, at the times that a test chooses."""

    def __init__(self, action: str = "snapshot.restore", actor: Actor = MIA, **fields: Any) -> None:
        self.actor = actor
        self.content: dict[str, Any] = {
            "action": action,
            "operation_id": uuid.uuid4(),
            "server_id": 12345,
            "server_name": "web-server-01",
            "snapshot_id": 801,
            "snapshot_name": "weekly",
            **fields,
        }

    def asked(self, moment: datetime) -> "Operation":
        with time_machine.travel(moment, tick=False), journal.committed():
            journal.intend(self.actor.entry(**self.content))
        return self

    def said(self, result: str, moment: datetime, **fields: Any) -> "Operation":
        with time_machine.travel(moment, tick=False), journal.committed():
            journal.conclude(self.actor.entry(**self.content | fields, result=result))
        return self


def write_november(day: datetime = NOVEMBER + timedelta(days=9, hours=9)) -> None:
    """One of each, on one day."""
    minute = timedelta(minutes=1)
    event("person.sign_in", moment=day)
    for number, code in enumerate(("wrong_password", "wrong_password", "braked"), 1):
        event(
            "person.sign_in",
            STRANGER,
            moment=day + number * minute,
            result="refused",
            code=code,
            target="mia",
        )
    Operation("snapshot.create").asked(day + 4 * minute).said("completed", day + 5 * minute)
    Operation("snapshot.delete").asked(day + 6 * minute).said("failed", day + 7 * minute, code="busy")
    event(
        "snapshot.restore", moment=day + 8 * minute, result="refused", code="name_mismatch", server_id=12345
    )
    event("access.refuse", moment=day + 9 * minute, result="refused", code="people.manage", target="/people/")
    event("person.add", ARON, moment=day + 10 * minute, target="vera", evidence="viewer")
    event(
        "temporary_role.grant", ARON, moment=day + 11 * minute, target="7", evidence="manager on servers 501"
    )
    event("approval.request", moment=day + 12 * minute, reason="a bad update")
    event(
        "approval.break_glass", ARON, moment=day + 13 * minute, reason="the shop is down", server_name="shop"
    )
    event("snapshot.observed", PORTAL, moment=day + 14 * minute, code="vanished", server_name="shop")
    event("token.store", moment=day + 15 * minute, target="mia", token_label="Team")
    event("audit.verify", COMMAND, moment=day + 16 * minute, evidence="19 rows")
    event(
        "audit.anchor", COMMAND, moment=day + 17 * minute, result="failed", evidence="row 20; noted by nobody"
    )
    event("audit.export", ARON, moment=day + 18 * minute, target="audit.jsonl")
    event("schedule.create", moment=day + 19 * minute, target="nightly")
