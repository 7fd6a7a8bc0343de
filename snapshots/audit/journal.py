"""The only writer of the audit log: intend, conclude, record.

with journal.committed():                # durable: the outermost transaction, committed when the block ends
    operation = Operation.objects.create(...)
    journal.intend(actor.entry(action="snapshot.restore", operation_id=operation.id, ...))
... the provider is called, with no lock held ...
with journal.committed():
    journal.conclude(actor.entry(..., result="accepted"))

journal.record(actor.entry(action="person.sign_in"))      # an event, in a transaction of its own
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, Error, IntegrityError, models, transaction

from snapshots import contract
from snapshots.audit import accepted_damage, chain, locking, tolerant_rows
from snapshots.audit.models import Entry, Phase

TEXT_MAX_LENGTH: Final = 2000
_here = threading.local()
"""`_here.open` is true while this thread is inside `committed()`. It carries nothing else."""


class JournalUnavailableError(Exception):
    """The log cannot be written (disk full, read-only, locked, down, key missing): nothing may be done."""

    is_expected = True  # no defect of the code: see snapportal/logs.py


@dataclass(frozen=True, kw_only=True)
class EntryData:
    """What a row says besides its place in the chain. Text is cleaned and cut when it is written."""

    action: str
    result: str = ""
    code: str = ""
    operation_id: UUID | None = None
    actor_id: int | None = None
    actor_name: str = ""
    actor_role: str = ""
    settled_by: str = ""
    server_id: int | None = None
    server_name: str = ""
    snapshot_id: int | None = None
    snapshot_name: str = ""
    target: str = ""
    reason: str = ""
    evidence: str = ""
    address: str = ""
    channel: str = ""
    token_label: str = ""
    token_fingerprint: str = ""
    request_id: str = ""
    provider_status: int | None = None
    provider_message: str = ""
    duration_ms: int | None = None


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who acts, from where, through which channel ('browser', 'api', 'schedule', 'command').

    `may_override`: allowed to act on a server that a restore still holds, with a reason. It is a right, not
    part of a row.
    """

    id: int | None
    name: str
    role: str
    address: str = ""
    channel: str = "browser"
    request_id: str = ""
    may_override: bool = False

    def entry(self, *, action: str, **fields: Any) -> EntryData:
        own = asdict(self)
        return EntryData(
            action=action,
            actor_id=own["id"],
            actor_name=own["name"],
            actor_role=own["role"],
            address=own["address"],
            channel=own["channel"],
            request_id=own["request_id"],
            **fields,
        )


@contextmanager
def committed() -> Iterator[None]:
    """A durable transaction that holds the log's lock from its first row on. Raises JournalUnavailableError.

    Whatever the database cannot do becomes that error, also in the caller's own statements. Only their
    IntegrityError passes, for a unique column of theirs may be how they learn that they come second.
    Nothing stays of a block that failed.
    """
    _current_key()
    try:
        with locking.writer_turn(), transaction.atomic(durable=True):
            _here.open = True
            try:
                yield
            finally:
                _here.open = False
    except IntegrityError:
        raise
    except (Error, locking.LockTimeoutError) as error:
        raise JournalUnavailableError(str(error)) from error


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
    if getattr(_here, "open", False):
        return _append(Phase.EVENT, data, data.result or "completed")
    with committed():
        return _append(Phase.EVENT, data, data.result or "completed")


def _current_key() -> tuple[str, bytes]:
    """The id and the bytes of the key that seals new rows. Raises JournalUnavailableError without one."""
    ring: dict[str, bytes] = settings.SNAPPORTAL_AUDIT_KEYS
    if not ring:
        raise JournalUnavailableError("no key to seal the log with")
    return next(iter(ring.items()))


def _fit(field: "models.Field[Any, Any]", value: Any) -> Any:
    """`value` as the column can hold it: text cleaned and cut, a number that is too large left out."""
    if isinstance(field, models.CharField | models.TextField):
        return contract.clean_text(value, field.max_length or TEXT_MAX_LENGTH)
    if isinstance(field, models.IntegerField) and value is not None:
        bits = 63 if isinstance(field, models.BigIntegerField) else 31
        return value if -(2**bits) <= value < 2**bits else None
    return value


def _place(tail: Entry | None, key_id: str) -> dict[str, Any]:
    """The columns that put a row behind `tail`. Time always goes on, whatever the clock does."""
    now = datetime.now(UTC)
    earliest = tail.at + timedelta(microseconds=1) if tail else now
    return {
        "sequence": tail.sequence + 1 if tail else 1,
        "at": max(now, earliest),
        "clock_was_behind": tail is not None and now < tail.at,
        "previous_hash": tail.hash if tail else chain.GENESIS,
        "key_id": key_id,
    }


def _insert(tail: Entry | None, phase: Phase, data: EntryData, result: str) -> Entry:
    key_id, key = _current_key()
    said = asdict(data) | {"phase": phase.value, "result": result}
    row = _place(tail, key_id) | {name: _fit(Entry.column(name), value) for name, value in said.items()}
    entry = Entry(**row, hash=chain.seal(row, key))
    entry.save(force_insert=True)
    return entry


def _tail(using: str = DEFAULT_DB_ALIAS) -> Entry | None:
    """The newest row, read whole. Raises JournalUnavailableError when it is none of ours."""
    try:
        found = tolerant_rows.read_all(Entry.objects.using(using).order_by("-sequence")[:1])
    except tolerant_rows.UnreadableError as error:
        raise JournalUnavailableError(f"the last row cannot be read: {error}") from error
    if found and (type(found[0].sequence) is not int or not isinstance(found[0].at, datetime)):
        raise JournalUnavailableError("the last row has no number or no time")
    return found[0] if found else None


def _is_accepted_by(data: EntryData | None, tail: Entry) -> bool:
    """Whether `data` is the very row that accepts the change of the newest one."""
    if data is None or data.action != chain.ACCEPT_CHANGED_ROWS:
        return False
    return (tail.sequence, chain.digest(tail.row)) in accepted_damage.parse_pairs(data.evidence)


def _check_tail(tail: Entry, data: EntryData | None = None) -> None:
    """Raises JournalUnavailableError unless our key verifies the seal of the newest row.

    Behind it the log could never be verified again: a key that only bears the right ID seals what the right one
    does not verify, and a row that was changed in the database would be buried (docs/decisions/0008).
    """
    problem = chain.check_seal(tail.row, settings.SNAPPORTAL_AUDIT_KEYS)
    if problem == "key":
        raise JournalUnavailableError(
            f"the newest row, {tail.sequence}, is sealed with the key {tail.key_id}, which is not given: "
            "nothing was written"
        )
    if problem and not _is_accepted_by(data, tail):
        raise JournalUnavailableError(
            f"the key {tail.key_id} does not open the newest row, {tail.sequence}: it is a wrong key under the right ID, "
            "or the row was changed in the database; nothing was written (docs/operators.md tells how to go on)"
        )


def _check_change(tail: Entry, key_id: str, using: str = DEFAULT_DB_ALIAS) -> None:
    """Raises JournalUnavailableError when a change to the key `key_id` is a way back.

    A process that still has the keys of yesterday, or a ring that is turned round, would break the chain for good.
    """
    if tail.key_id == key_id:
        return
    entries = Entry.objects.using(using).numbered()
    first = entries.order_by("sequence").values_list("key_id", flat=True)[:1]
    if entries.filter(action=chain.KEY_CHANGE, target=key_id).exists() or key_id in tolerant_rows.read_all(
        first
    ):
        raise JournalUnavailableError(f"the key {key_id} was given up for another one: it seals no more")


def check_key(using: str = DEFAULT_DB_ALIAS) -> None:
    """Raises JournalUnavailableError unless our first key may seal a row behind the newest one. Writes nothing."""
    key_id, _key = _current_key()
    try:
        tail = _tail(using)
        if tail is not None:
            _check_tail(tail)
            _check_change(tail, key_id, using)
    except tolerant_rows.UnreadableError as error:
        raise JournalUnavailableError(str(error)) from error


def _change_key(tail: Entry, key_id: str) -> Entry:
    """Write down that `key_id` seals from here on. Raises JournalUnavailableError when that is a way back."""
    _check_change(tail, key_id)
    told = EntryData(action=chain.KEY_CHANGE, target=key_id, evidence=f"{tail.key_id} → {key_id}")
    return _insert(tail, Phase.EVENT, told, "completed")


def _append(phase: Phase, data: EntryData, result: str) -> Entry:
    if not getattr(_here, "open", False):
        raise RuntimeError("the log is written inside journal.committed()")
    try:
        locking.hold_lock()
        tail = _tail()
        key_id, _key = _current_key()
        if tail is not None:
            _check_tail(tail, data)
            if tail.key_id != key_id:
                tail = _change_key(tail, key_id)
        return _insert(tail, phase, data, result)
    except (Error, tolerant_rows.UnreadableError) as error:
        raise JournalUnavailableError(str(error)) from error
