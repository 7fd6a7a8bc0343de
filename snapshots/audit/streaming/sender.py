"""Sends what a stream has not sent yet. The command stream_audit calls it, and the worker can."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, Protocol

from snapshots.audit.streaming import batches, cursors
from snapshots.audit.streaming.batches import Batch, BrokenOrderError, read_batch
from snapshots.audit.streaming.models import StreamCursor

SEND_SECONDS: Final = 15.0
"""The total deadline of one delivery; a claim is renewed before each, for longer than this."""
MAX_BATCHES: Final = 20
"""In one turn, so that a stream with a long backlog does not hold up the others."""


class DeliveryError(Exception):
    """The delivery of a batch was not confirmed: the receiver may have it or not. The message holds no secret."""


class Channel(Protocol):
    """Where a stream goes to. `send` returns only when the delivery is confirmed, and otherwise raises DeliveryError."""

    @property
    def stream(self) -> str: ...

    def send(self, batch: Batch) -> None: ...


class State(StrEnum):
    SENT = "sent"
    """Rows were sent, and there may be more."""
    CURRENT = "current"
    """There is nothing left to send."""
    FAILED = "failed"
    """A delivery was not confirmed; it is repeated later."""
    STOPPED = "stopped"
    """The log does not follow what was sent; somebody must restart the stream."""
    BUSY = "busy"
    """Another process is sending, or the pause after a failure is not over."""


@dataclass(frozen=True)
class Turn:
    """What one call of `send_rows` did. `newest` is the sequence of the last row whose delivery is confirmed."""

    stream: str
    state: State
    newest: int = 0
    error: str = ""


def send_rows(
    channel: Channel,
    *,
    is_patient: bool = True,
    must_end: Callable[[], bool] = lambda: False,
    lease_seconds: float = cursors.LEASE_SECONDS,
) -> Turn:
    """Send the next rows of a stream, at most MAX_BATCHES batches, and return what happened.

    `is_patient` respects the pause after a failure. `must_end` is asked before each batch. Raises
    JournalUnavailableError when a stop cannot be recorded, and Django's database errors.
    """
    known = cursors.get(channel.stream)
    if known.stopped_at:
        return Turn(channel.stream, State.STOPPED, known.sequence, known.last_error)
    if is_patient and known.retry_at and known.retry_at > datetime.now(UTC):
        return Turn(channel.stream, State.BUSY, known.sequence, known.last_error)
    if batches.is_current(known):
        return Turn(channel.stream, State.CURRENT, known.sequence)
    cursor = cursors.claim(channel.stream, str(uuid.uuid4()), lease_seconds)
    if cursor is None:
        return Turn(channel.stream, State.BUSY, known.sequence)
    try:
        return _send_batches(channel, cursor, must_end, lease_seconds)
    finally:
        cursors.release(cursor)


def _send_batches(
    channel: Channel, cursor: StreamCursor, must_end: Callable[[], bool], lease_seconds: float
) -> Turn:
    state = State.SENT
    for _ in range(MAX_BATCHES):
        if must_end():
            break
        try:
            state = _send_batch(channel, cursor, lease_seconds)
        except BrokenOrderError as error:
            cursors.stop(cursor, str(error))
            return Turn(channel.stream, State.STOPPED, cursor.sequence, str(error))
        except DeliveryError as error:
            cursors.fail(cursor, str(error))
            return Turn(channel.stream, State.FAILED, cursor.sequence, str(error))
        if state is not State.SENT:
            break
    return Turn(channel.stream, state, cursor.sequence)


def _send_batch(channel: Channel, cursor: StreamCursor, lease_seconds: float) -> State:
    batch = read_batch(cursor)
    if batch is None:
        return State.CURRENT
    if not cursors.renew(cursor, lease_seconds):
        return State.BUSY
    channel.send(batch)
    return State.SENT if cursors.advance(cursor, batch) else State.BUSY
