"""Decides which changes are ours, and records the others in the log: each once, as observed, without a person."""

from enum import Enum

from django.utils import timezone

from snapshots.audit import journal
from snapshots.audit.journal import EntryData
from snapshots.observations.models import VANISHED_CODES, Change, Code, KnownSnapshot
from snapshots.operations.evidence import CLOCK_SKEW
from snapshots.operations.models import Action, Finding, Operation, State

ACTION = "snapshot.observed"
MAX_PER_RUN = 200
ALREADY_GONE = "already_gone"


class Cause(Enum):
    OURS = "ours"
    UNDECIDED = "undecided"
    OUTSIDE = "outside"


def record_waiting() -> int:
    """Record what no operation of ours explains, drop what one does. Returns how many were recorded.

    Raises JournalUnavailableError.
    """
    waiting = Change.objects.filter(recorded_at=None).select_related("snapshot").order_by("pk")
    recorded = 0
    for change in list(waiting[:MAX_PER_RUN]):
        cause = cause_of(change)
        if cause == Cause.OUTSIDE:
            recorded += _record(change)
        elif cause == Cause.OURS:
            Change.objects.filter(pk=change.pk, recorded_at=None).delete()
    return recorded


def cause_of(change: Change) -> Cause:
    if change.code == Code.APPEARED:
        return _cause_of_appearance(change)
    return _cause_of_absence(change) if change.code in VANISHED_CODES else Cause.OUTSIDE


def _cause_of_appearance(change: Change) -> Cause:
    """A create that made it explains it; one that could have made it and is open, or was closed without proof, may."""
    known = change.snapshot
    creates = Operation.objects.filter(action=Action.CREATE, server_id=known.server_id)
    if creates.filter(snapshot_id=known.snapshot_id).exists():
        return Cause.OURS
    candidates = creates.filter(snapshot_id=None, snapshot_name=change.name).exclude(state=State.FAILED)
    possible = [one for one in candidates if _could_have_made(one, known)]
    if any(one.is_open for one in possible):
        return Cause.UNDECIDED
    return Cause.OURS if possible else Cause.OUTSIDE


def _could_have_made(operation: Operation, known: KnownSnapshot) -> bool:
    if known.snapshot_id in operation.known_snapshot_ids or operation.finding == Finding.NOT_HAPPENED:
        return False
    made_at = known.created_at or known.first_listed_at
    ended_at = operation.ended_at or timezone.now()
    return operation.created_at - CLOCK_SKEW <= made_at <= ended_at + CLOCK_SKEW


def _cause_of_absence(change: Change) -> Cause:
    """A delete explains it, unless the provider refused it or did not know the snapshot any more."""
    known = change.snapshot
    deletes = Operation.objects.filter(
        action=Action.DELETE, server_id=known.server_id, snapshot_id=known.snapshot_id
    ).exclude(state=State.FAILED)
    possible = [one for one in deletes if one.finding != Finding.NOT_HAPPENED]
    if any(not one.is_open and one.code != ALREADY_GONE for one in possible):
        return Cause.OURS
    return Cause.UNDECIDED if any(one.is_open for one in possible) else Cause.OUTSIDE


def _record(change: Change) -> bool:
    """Write the row of the log and mark the change, in one transaction."""
    with journal.committed():
        waiting = Change.objects.filter(pk=change.pk, recorded_at=None)
        if not waiting.update(recorded_at=timezone.now()):
            return False
        entry = journal.record(_entry(change))
        Change.objects.filter(pk=change.pk).update(sequence=entry.sequence)
    return True


def _entry(change: Change) -> EntryData:
    known = change.snapshot
    return EntryData(
        action=ACTION,
        code=change.code,
        server_id=known.server_id,
        server_name=known.server_name,
        snapshot_id=known.snapshot_id,
        snapshot_name=change.name,
        evidence=change.evidence,
        token_label=change.token_label,
        token_fingerprint=change.token_fingerprint,
        channel="evidence",
    )
