"""Writes rows of the log at chosen times, for the monthly report: its months are October to December 2026."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import time_machine

from snapshots.audit import journal
from snapshots.audit.journal import PORTAL, Actor, EntryData
from tests.support.audit_rows import ARON, MIA

COMMAND = Actor(id=None, name="", role="", channel="command")
STRANGER = Actor(id=None, name="", role="", address="198.51.100.7")
NOVEMBER, DECEMBER = (datetime(2026, month, 1, tzinfo=UTC) for month in (11, 12))
TENTH = NOVEMBER + timedelta(days=9, hours=9)
MINUTE = timedelta(minutes=1)


def event(action: str, actor: Actor = MIA, *, moment: datetime, **fields: Any) -> int:
    """Returns the sequence of the row. Rows are written in the order of their times."""
    with time_machine.travel(moment, tick=False):
        return journal.record(actor.entry(action=action, **fields)).sequence


class Operation:
    """An operation whose rows are written one by one."""

    def __init__(self, action: str = "snapshot.restore", actor: Actor = MIA, **fields: Any) -> None:
        self._actor = actor
        self._content: dict[str, Any] = {
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
            journal.intend(self._entry())
        return self

    def said(self, result: str, moment: datetime, **fields: Any) -> "Operation":
        with time_machine.travel(moment, tick=False), journal.committed():
            journal.conclude(self._entry(**fields, result=result))
        return self

    def _entry(self, **fields: Any) -> EntryData:
        content = self._content | fields
        channel = content.pop("channel", self._actor.channel)
        return replace(self._actor, channel=channel).entry(**content)


def write_november() -> None:
    """Something for each section but the unknown results, on the tenth: 20 rows."""
    event("person.sign_in", moment=TENTH)
    for number, code in enumerate(("wrong_password", "wrong_password", "braked"), 1):
        moment = TENTH + number * MINUTE
        event("person.sign_in", STRANGER, moment=moment, result="refused", code=code, target="mia")
    create = Operation("snapshot.create").asked(TENTH + 4 * MINUTE)
    create.said("completed", TENTH + 5 * MINUTE)
    delete = Operation("snapshot.delete", channel="api:7").asked(TENTH + 6 * MINUTE)
    delete.said("failed", TENTH + 7 * MINUTE, code="busy")
    refused = {"result": "refused", "server_id": 12345}
    event("snapshot.restore", moment=TENTH + 8 * MINUTE, code="name_mismatch", **refused)
    event("access.refuse", moment=TENTH + 9 * MINUTE, code="people.manage", target="/people/", **refused)
    rows: list[tuple[str, Actor, dict[str, Any]]] = [
        ("person.add", ARON, {"target": "nadia", "evidence": "operator"}),
        ("temporary_role.grant", ARON, {"target": "7", "evidence": "manager on servers 501"}),
        ("approval.request", MIA, {"reason": "a bad update"}),
        ("approval.break_glass", ARON, {"reason": "the shop is down", "server_name": "shop"}),
        ("snapshot.observed", PORTAL, {"code": "vanished", "server_name": "shop"}),
        ("token.store", MIA, {"target": "mia", "token_label": "Team"}),
        ("audit.verify", COMMAND, {"evidence": "19 rows hold"}),
        ("audit.anchor", COMMAND, {"result": "failed", "evidence": "row 17; noted by nobody"}),
        ("audit.export", ARON, {"target": "audit.jsonl", "evidence": "18 rows"}),
        ("schedule.create", MIA, {"target": "nightly"}),
    ]
    for number, (action, actor, fields) in enumerate(rows, 10):
        event(action, actor, moment=TENTH + number * MINUTE, **fields)
