"""Follows open operations to their end while no page is open (promise 33)."""

from collections import defaultdict

from django.utils import timezone

from snapshots.inventory import progress
from snapshots.inventory.reader import last_whole_reading
from snapshots.operations.models import Operation, State
from snapshots.operations.reconciliation import close_abandoned, read_and_reconcile_all
from snapshots.vault.models import StoredToken

RUN_SECONDS = 20.0
"""Longest time of one run, so that a provider that hangs for many tokens does not stop the worker's other tasks."""


def follow_open() -> int:
    """Read with each token that has open operations, as often as their progress requires. Returns how many were settled.

    Raises JournalUnavailableError.
    """
    settled = close_abandoned()
    before = Operation.objects.open().count()
    if not before:
        return settled
    read_and_reconcile_all(_tokens_due(), seconds=RUN_SECONDS, closes_abandoned=False)
    return settled + max(0, before - Operation.objects.open().count())


def tokens_of_open() -> dict[str, StoredToken | None]:
    """One stored token for each fingerprint that has open operations; None if none is stored any more."""
    fingerprints = Operation.objects.open().values_list("token_fingerprint", flat=True).distinct()
    return {one: StoredToken.objects.filter(fingerprint=one).first() for one in list(fingerprints)}


def _tokens_due() -> list[StoredToken]:
    """Those whose last reading is older than the shortest polling interval of their operations."""
    intervals: dict[str, list[int]] = defaultdict(list)
    for operation in Operation.objects.open():
        intervals[operation.token_fingerprint].append(_interval(operation))
    return [
        token
        for fingerprint, token in tokens_of_open().items()
        if token and fingerprint in intervals and _is_due(token, min(intervals[fingerprint]))
    ]


def _interval(operation: Operation) -> int:
    pace = progress.poll_seconds(operation.began_at, operation.expected_minutes)
    if operation.state == State.UNKNOWN:  # evidence may take long or never appear
        return max(pace, progress.SLOW_POLL_SECONDS)
    return pace


def _is_due(token: StoredToken, seconds: int) -> bool:
    """Pages read with the same token: what they read just now counts."""
    reading = last_whole_reading(token.fingerprint)
    if reading is None or reading.confirmed_at is None:
        return True
    age = (timezone.now() - reading.confirmed_at).total_seconds()
    return not 0 <= age < seconds  # a time in the future is from before the clock was set back
