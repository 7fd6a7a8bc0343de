"""Writes sample rows into the log, and reads and verifies them."""

import uuid
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.db import connection

from snapshots.audit import chain, journal, sealing, subjects, tiles
from snapshots.audit.models import Entry, Phase
from snapshots.audit.subjects import Subject
from tests.support.prepared_rows import insert_rows

MIA_ID, ARON_ID = 1003, 1004
"""The same IDs as Mia and Aron in the `cast` fixture."""
MIA = journal.Actor(id=MIA_ID, name="Mia", role="manager", address="203.0.113.9", request_id="r-1")
ARON = journal.Actor(id=ARON_ID, name="Aron", role="auditor", address="203.0.113.10", request_id="r-2")


def write_events(count: int, actor: journal.Actor = MIA) -> None:
    with journal.committed():
        for number in range(count):
            journal.record(actor.entry(action="person.sign_in", reason=f"visit {number}"))


def fill_log(count: int) -> None:
    """Append `count` events as `write_events` does, but sealed one after another and inserted together: far faster."""
    if count < 1:
        return
    with journal.committed():
        data = MIA.entry(action="person.sign_in", reason="visit 0")
        first = journal._insert(journal._newest_row(), Phase.EVENT, data, "completed")
        fields = {field.attname: field for field in Entry._meta.concrete_fields}
        row = {name: getattr(first, name) for name in fields}
        stored = {name: fields[name].get_db_prep_save(value, connection) for name, value in row.items()}
        rows = []
        for number in range(1, count):
            changed = _next_columns(row, reason=f"visit {number}")
            row |= changed
            stored |= {name: fields[name].get_db_prep_save(one, connection) for name, one in changed.items()}
            rows.append([*stored.values()])
        insert_rows(Entry._meta.db_table, [field.column for field in fields.values()], rows)
        for sequence in range(first.sequence + 1, first.sequence + count):
            if sequence % tiles.WIDTH == 0:
                tiles.complete_tiles(sequence)


def _next_columns(previous: dict[str, Any], *, reason: str) -> dict[str, Any]:
    """The columns in which a row that follows `previous` in the chain differs from it."""
    changed = journal._chain_columns(SimpleNamespace(**previous), previous["key_id"])
    changed |= {"salt": sealing.new_salt(), "reason": reason}
    row = {name: value for name, value in (previous | changed).items() if name != "hash"}
    return changed | {"hash": chain.seal(row, settings.SNAPPORTAL_AUDIT_KEYS[previous["key_id"]])}


def write_operation(*results: str, actor: journal.Actor = MIA, **fields: Any) -> uuid.UUID:
    """Write an intent and one outcome for each of `results`. Returns the operation ID."""
    operation_id = uuid.uuid4()
    content = {
        "action": "snapshot.restore",
        "server_id": 12345,
        "server_name": "web-server-01",
        "snapshot_id": 801,
        "snapshot_name": "weekly",
        **fields,
        "operation_id": operation_id,
    }
    with journal.committed():
        journal.intend(actor.entry(**content))
    for result in results:
        with journal.committed():
            journal.conclude(actor.entry(**content, result=result))
    return operation_id


def rows() -> list[dict[str, Any]]:
    """All rows, with the names and addresses that their commitments stand for as further keys."""
    found = list(Entry.objects.order_by("sequence").values())
    known = {one.commitment: one for one in Subject.objects.all()}
    return [row | _names_in(row, known) for row in found]


def columns_of(row: dict[str, Any]) -> dict[str, Any]:
    """The columns alone of one of `rows()`."""
    return {field.attname: row[field.attname] for field in Entry._meta.concrete_fields}


def _names_in(row: dict[str, Any], known: dict[str, Subject]) -> dict[str, str]:
    values = subjects.values_in(row, known)
    return {
        "actor_name": values["actor_subject"],
        "address": values["address_subject"],
        "settled_by": values["settled_by_subject"],
        "full_target": row["target"] or values["target_subject"],
        "full_evidence": row["evidence"] or values["evidence_subject"],
    }


def verdict(**options: Any) -> chain.Verdict:
    return chain.verify(rows(), settings.SNAPPORTAL_AUDIT_KEYS, **options)
