"""The only writer of the audit log: intend, conclude, record.

with journal.committed():                # the outermost transaction, committed when the block ends
    operation = Operation.objects.create(...)
    journal.intend(actor.entry(action="snapshot.restore", operation_id=operation.id, ...))
... call the provider, with no lock held ...
with journal.committed():
    journal.conclude(actor.entry(..., result="accepted"))

journal.record(actor.entry(action="person.sign_in"))      # an event, in a transaction of its own
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, Error, IntegrityError, models, transaction

from snapshots import contract, sql
from snapshots.audit import (
    accepted_damage,
    chain,
    locking,
    sealing,
    statements,
    subjects,
    tiles,
    tolerant_rows,
)
from snapshots.audit.entry_data import PLAIN_COLUMNS, PORTAL, Actor, EntryData, subjects_of
from snapshots.audit.models import Entry, Phase

__all__ = [
    "PORTAL",
    "Actor",
    "EntryData",
    "JournalUnavailableError",
    "alone",
    "check_key",
    "committed",
    "conclude",
    "intend",
    "record",
]
TEXT_MAX_LENGTH: Final = 2000
_thread_state = threading.local()
"""`is_open` is true while this thread is inside `committed()`."""


class JournalUnavailableError(Exception):
    """The log cannot be written (disk full, read-only, locked, down, key missing), so the action must not happen."""

    is_expected = True  # not a defect of the code: see snapportal/logs.py


@contextmanager
def committed() -> Iterator[None]:
    """A durable transaction that holds the log's lock from its first row on. Raises JournalUnavailableError.

    Every database error becomes that error, including those of the caller's own statements. Only IntegrityError is
    passed on, because callers use unique columns to detect duplicates. When the block fails, everything in it is
    rolled back.
    """
    _current_key()
    try:
        with locking.writer_lock(), transaction.atomic(durable=True):
            _thread_state.is_open = True
            try:
                yield
            finally:
                _thread_state.is_open = False
    except IntegrityError:
        raise
    except (Error, locking.LockTimeoutError) as error:
        raise JournalUnavailableError(str(error)) from error


@contextmanager
def alone() -> Iterator[None]:
    """`committed()` with the log's lock from the start: for what is read before the first row, and must not change after."""
    with committed():
        locking.take_advisory_lock()
        yield


def intend(data: EntryData) -> Entry:
    """Insert an intent row (result 'pending'). Only inside `committed()`."""
    return _append(Phase.INTENT, data, data.result or "pending")


def conclude(data: EntryData) -> Entry:
    """Insert an outcome row of an operation. Only inside `committed()`."""
    if not data.result or data.operation_id is None:
        raise ValueError("an outcome names its operation and its result")
    return _append(Phase.OUTCOME, data, data.result)


def record(data: EntryData) -> Entry:
    """Insert an event row, in a durable transaction of its own or in the one of `committed()` around it."""
    if getattr(_thread_state, "is_open", False):
        return _append(Phase.EVENT, data, data.result or "completed")
    with committed():
        return _append(Phase.EVENT, data, data.result or "completed")


def _current_key() -> tuple[str, bytes]:
    """The ID and bytes of the key that seals new rows. Raises JournalUnavailableError when there is none."""
    ring: dict[str, bytes] = settings.SNAPPORTAL_AUDIT_KEYS
    if not ring:
        raise JournalUnavailableError("no key to seal the log with")
    return next(iter(ring.items()))


def _to_column_value(field: "models.Field[Any, Any]", value: Any) -> Any:
    """`value` in a form that fits the column: text cleaned and truncated, None for a number that is out of range."""
    if isinstance(field, models.CharField | models.TextField):
        return contract.clean_text(value, field.max_length or TEXT_MAX_LENGTH)
    if isinstance(field, models.IntegerField) and value is not None:
        bits = 63 if isinstance(field, models.BigIntegerField) else 31
        return value if -(2**bits) <= value < 2**bits else None
    return value


def _chain_columns(newest: Entry | None, key_id: str) -> dict[str, Any]:
    """The columns that link a row to `newest`. Time increases with every row, even when the clock goes back."""
    now = datetime.now(UTC)
    earliest = newest.at + timedelta(microseconds=1) if newest else now
    return {
        "sequence": newest.sequence + 1 if newest else 1,
        "at": max(now, earliest),
        "clock_was_behind": newest is not None and now < newest.at,
        "previous_hash": newest.hash if newest else chain.GENESIS,
        "key_id": key_id,
    }


def _insert(newest: Entry | None, phase: Phase, data: EntryData, result: str) -> Entry:
    key_id, key = _current_key()
    links = _chain_columns(newest, key_id)
    named = subjects_of(data, links["at"])
    content = {name: getattr(data, name) for name in PLAIN_COLUMNS} | {
        "phase": phase.value,
        "result": result,
    }
    for column in named.keys() & {"target_subject", "evidence_subject"}:
        content[column.removesuffix("_subject")] = ""
    row = links | {name: _to_column_value(Entry.column(name), value) for name, value in content.items()}
    row |= dict.fromkeys(sealing.SUBJECT_COLUMNS, "") | subjects.commit(named)
    row["salt"] = sealing.new_salt()
    entry = Entry(**row, hash=chain.seal(row, key))
    sql.insert(entry)
    if entry.sequence % tiles.WIDTH == 0:
        tiles.complete_tiles(entry.sequence)
    return entry


def _newest_row(using: str = DEFAULT_DB_ALIAS) -> Entry | None:
    """The newest row. Raises JournalUnavailableError when it holds values that the portal never writes."""
    try:
        found = tolerant_rows.read_all(sql.select(Entry, "ORDER BY sequence DESC LIMIT 1", using=using))
    except tolerant_rows.UnreadableError as error:
        raise JournalUnavailableError(f"the last row cannot be read: {error}") from error
    if found and (type(found[0].sequence) is not int or not isinstance(found[0].at, datetime)):
        raise JournalUnavailableError("the last row has no number or no time")
    return found[0] if found else None


def _accepts_change_of(newest: Entry, data: EntryData | None) -> bool:
    """Whether `data` is the row that accepts the change of the newest row."""
    if data is None or data.action != chain.ACCEPT_CHANGED_ROWS:
        return False
    return (newest.sequence, chain.digest(newest.row)) in accepted_damage.parse_pairs(data.evidence)


def _check_newest(newest: Entry, data: EntryData | None = None) -> None:
    """Raises JournalUnavailableError unless a configured key verifies the seal of the newest row.

    Otherwise a wrong key under the right ID could seal rows that the right key does not verify, and rows could be
    added after a row that was changed in the database (docs/decisions/0008).
    """
    problem = chain.check_seal(newest.row, settings.SNAPPORTAL_AUDIT_KEYS)
    if problem == "key":
        raise JournalUnavailableError(
            f"the newest row, {newest.sequence}, is sealed with the key {newest.key_id}, which is not given: "
            "nothing was written"
        )
    if problem and not _accepts_change_of(newest, data):
        raise JournalUnavailableError(
            f"the key {newest.key_id} does not open the newest row, {newest.sequence}: it is a wrong key under the right ID, "
            "or the row was changed in the database; nothing was written (docs/operators.md tells how to go on)"
        )


def _check_key_change(newest: Entry, key_id: str, using: str = DEFAULT_DB_ALIAS) -> None:
    """Raises JournalUnavailableError when the log changed away from the key `key_id` before.

    A process that still has the old keys, or a ring in the wrong order, would break the chain permanently.
    """
    if newest.key_id == key_id:
        return
    changes = Entry.objects.using(using).numbered().filter(action=chain.KEY_CHANGE)
    if changes.filter(evidence__startswith=f"{key_id} → ").exists():
        raise JournalUnavailableError(f"the key {key_id} was given up for another one: it seals no more")


def check_key(using: str = DEFAULT_DB_ALIAS) -> None:
    """Raises JournalUnavailableError unless the first key may seal the next row. Writes nothing."""
    key_id, _key = _current_key()
    try:
        newest = _newest_row(using)
        if newest is not None:
            _check_newest(newest)
            _check_key_change(newest, key_id, using)
    except tolerant_rows.UnreadableError as error:
        raise JournalUnavailableError(str(error)) from error


def _change_key(newest: Entry, key_id: str) -> Entry:
    """Insert the row that declares `key_id` as the sealing key. Raises JournalUnavailableError for a retired key."""
    _check_key_change(newest, key_id)
    declaration = EntryData(
        action=chain.KEY_CHANGE,
        target=key_id,
        evidence=statements.KEY_CHANGED.said(before=newest.key_id, after=key_id),
    )
    return _insert(newest, Phase.EVENT, declaration, "completed")


def _append(phase: Phase, data: EntryData, result: str) -> Entry:
    if not getattr(_thread_state, "is_open", False):
        raise RuntimeError("the log is written inside journal.committed()")
    try:
        locking.take_advisory_lock()
        newest = _newest_row()
        key_id, _key = _current_key()
        if newest is not None:
            _check_newest(newest, data)
            if newest.key_id != key_id:
                newest = _change_key(newest, key_id)
        return _insert(newest, phase, data, result)
    except (Error, tolerant_rows.UnreadableError) as error:
        raise JournalUnavailableError(str(error)) from error
