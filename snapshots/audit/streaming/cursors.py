"""Claims, advances, stops and restarts the cursors. Every change is one UPDATE that names the claim that it needs.

A claim ends by itself, so a killed sender holds a stream for at most LEASE_SECONDS. Two senders that both believe to
hold a claim (clocks differ, a process was suspended) send rows twice but never skip one: `advance` also names the
position from which the rows were read.
"""

import random
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db.models import Q

from snapshots.audit import journal, statements
from snapshots.audit.models import Entry
from snapshots.audit.streaming import batches
from snapshots.audit.streaming.batches import Batch
from snapshots.audit.streaming.models import StreamCursor
from snapshots.audit.verification import COMMAND_ACTOR
from snapshots.audit.wording.statements import joined
from snapshots.contract import clean_text

LEASE_SECONDS: Final = 45.0
MAX_PAUSE_SECONDS: Final = 300.0
ERROR_LENGTH: Final = 500
STOP: Final = "audit.stream_stop"
RESTART: Final = "audit.stream_restart"


class RestartError(Exception):
    """The stream cannot go on after the given row."""


def _now() -> datetime:
    return datetime.now(UTC)


def get(stream: str) -> StreamCursor:
    """The cursor of a stream; a new stream's cursor is before row 1."""
    found = StreamCursor.objects.filter(stream=stream).first()
    if found is None:
        StreamCursor.objects.bulk_create([StreamCursor(stream=stream)], ignore_conflicts=True)
        found = StreamCursor.objects.get(stream=stream)
    return found


def claim(stream: str, owner: str, seconds: float = LEASE_SECONDS) -> StreamCursor | None:
    """Claim the stream for `seconds`; None while another owner holds it. Of callers at once exactly one succeeds."""
    get(stream)
    now = _now()
    is_free = Q(claimed_until=None) | Q(claimed_until__lt=now)
    claimed = StreamCursor.objects.filter(is_free, stream=stream).update(
        claimed_by=owner, claimed_until=now + timedelta(seconds=seconds)
    )
    return StreamCursor.objects.get(stream=stream) if claimed else None


def renew(cursor: StreamCursor, seconds: float = LEASE_SECONDS) -> bool:
    """Extend the claim; False when it was lost, or the cursor was moved."""
    held = StreamCursor.objects.filter(
        stream=cursor.stream, claimed_by=cursor.claimed_by, sequence=cursor.sequence, hash=cursor.hash
    )
    return bool(held.update(claimed_until=_now() + timedelta(seconds=seconds)))


def release(cursor: StreamCursor) -> None:
    held = StreamCursor.objects.filter(stream=cursor.stream, claimed_by=cursor.claimed_by)
    held.update(claimed_by="", claimed_until=None)


def advance(cursor: StreamCursor, batch: Batch) -> bool:
    """Move the cursor behind a batch whose delivery is confirmed; False when the claim was lost, or the cursor was moved."""
    held = StreamCursor.objects.filter(
        stream=cursor.stream, claimed_by=cursor.claimed_by, sequence=cursor.sequence, hash=cursor.hash
    )
    position = {"sequence": batch.last.sequence, "hash": batch.last.hash}
    is_moved = held.update(
        **position, confirmed_at=_now(), attempts=0, last_error="", failed_at=None, retry_at=None
    )
    if is_moved:
        cursor.sequence, cursor.hash = batch.last.sequence, batch.last.hash
        cursor.attempts = 0
    return bool(is_moved)


def pause_seconds(attempts: int) -> float:
    """The pause after this many failures in a row: doubled each time from 2 s to MAX_PAUSE_SECONDS, of it 50 to 100%."""
    longest = min(2.0 ** min(attempts, 30), MAX_PAUSE_SECONDS)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret


def fail(cursor: StreamCursor, error: str) -> None:
    """Record a failed delivery and when it is tried again."""
    cursor.attempts += 1
    now = _now()
    StreamCursor.objects.filter(stream=cursor.stream, claimed_by=cursor.claimed_by).update(
        attempts=cursor.attempts,
        last_error=clean_text(error, ERROR_LENGTH),
        failed_at=now,
        retry_at=now + timedelta(seconds=pause_seconds(cursor.attempts)),
    )


def stop(cursor: StreamCursor, error: str) -> None:
    """Stop the stream until somebody restarts it, and record that in the log. Raises JournalUnavailableError."""
    with journal.committed():
        held = StreamCursor.objects.filter(
            stream=cursor.stream, claimed_by=cursor.claimed_by, stopped_at=None
        )
        if held.update(stopped_at=_now(), failed_at=_now(), last_error=clean_text(error, ERROR_LENGTH)):
            journal.record(
                COMMAND_ACTOR.entry(
                    action=STOP,
                    result="failed",
                    target=cursor.stream,
                    evidence=statements.STOPPED.said(error=error),
                )
            )


def restart(stream: str, *, after: int, reason: str, by: str) -> str:
    """Go on after row `after`, whatever was sent before; 0 sends everything again. Returns what the log says about it.

    Raises RestartError for a row that the log does not have, and JournalUnavailableError; then nothing is changed.
    """
    with journal.committed():
        cursor = get(stream)
        position = _position_after(after)
        evidence = _restarted(cursor, after)
        StreamCursor.objects.filter(stream=stream).update(
            sequence=after,
            hash=position,
            attempts=0,
            last_error="",
            failed_at=None,
            retry_at=None,
            stopped_at=None,
            claimed_by="",  # a sender that is at work loses its claim and its position
            claimed_until=None,
        )
        journal.record(
            COMMAND_ACTOR.entry(
                action=RESTART, target=stream, reason=reason, settled_by=by, evidence=evidence
            )
        )
    return evidence


def _restarted(cursor: StreamCursor, after: int) -> str:
    """For the log: from where it goes on, where it was, what is left out, and why it had stopped."""
    at = statements.CURSOR.said(row=cursor.sequence)
    known = statements.CURSOR_HASH.said(hash=cursor.hash) if cursor.hash else ""
    is_ahead, was_stopped = after > cursor.sequence, cursor.stopped_at is not None
    return joined(
        [
            statements.GOES_ON.said(row=after),
            joined([at, known], ", "),
            statements.NOT_SENT.said(first=cursor.sequence + 1, last=after) if is_ahead else "",
            statements.STOPPED.said(error=cursor.last_error) if was_stopped else "",
        ]
    )


def _position_after(after: int) -> str:
    """The hash of row `after`; of a missing or unreadable row what the next row says about it."""
    newest = Entry.objects.all().numbered().last_sequence() or 0
    if not 0 <= after <= newest:
        raise RestartError(f"the log ends with row {newest}: there is no row {after}")
    known = batches.hash_of(after)
    following = Entry.objects.all().numbered().rows(after=after, until=after + 1)
    return known or next((str(row.get("previous_hash", "")) for row in following), "")
