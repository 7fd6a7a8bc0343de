"""The only writer of the audit log: intend, conclude, record.

    with journal.committed():                # durable: the outermost transaction, committed when the block ends
        operation = Operation.objects.create(...)
        journal.intend(actor.story(action="snapshot.restore", operation_id=operation.id, ...))
    ... the provider is called, with no lock held ...
    with journal.committed():
        journal.conclude(actor.story(..., result="accepted"))

    journal.record(actor.story(action="person.sign_in", result="completed"))      # an event, in a transaction of its own
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from snapshots.audit.models import Entry


class JournalUnavailableError(Exception):
    """The log cannot be written (disk full, read-only, locked, database down, key missing): nothing may be done."""


@dataclass(frozen=True, kw_only=True)
class Story:
    """What a row says besides its place in the chain. Text is cleaned and cut to the column when it is written."""

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
    door: str = ""
    token_label: str = ""
    token_fingerprint: str = ""
    request_id: str = ""
    provider_status: int | None = None
    provider_message: str = ""
    duration_ms: int | None = None


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who acts, from where, through which door ('browser', 'api', 'schedule', 'command')."""

    id: int | None
    name: str
    role: str
    address: str = ""
    door: str = "browser"
    request_id: str = ""

    def story(self, *, action: str, **fields: Any) -> Story:
        own = asdict(self)
        return Story(
            action=action,
            actor_id=own["id"],
            actor_name=own["name"],
            actor_role=own["role"],
            address=own["address"],
            door=own["door"],
            request_id=own["request_id"],
            **fields,
        )


@contextmanager
def committed() -> Iterator[None]:
    """A durable transaction that holds the log's lock from its first row on. Raises JournalUnavailableError."""
    raise NotImplementedError
    yield


def intend(story: Story) -> Entry:
    """Insert an intent row (result 'pending'). Only inside `committed()`."""
    raise NotImplementedError


def conclude(story: Story) -> Entry:
    """Insert an outcome row of an operation. Only inside `committed()`."""
    raise NotImplementedError


def record(story: Story) -> Entry:
    """Insert an event row, in a durable transaction of its own or in the one of `committed()` around it."""
    raise NotImplementedError
