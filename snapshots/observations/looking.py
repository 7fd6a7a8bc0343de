"""The worker's turns: comparing what was read by anybody, and reading with tokens that nobody has looked with for a while."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from snapshots.inventory.reader import last_whole_reading
from snapshots.inventory.readings import Reading
from snapshots.observations import comparison
from snapshots.observations.models import Change, KnownServer, KnownSnapshot, SeenList
from snapshots.observations.recording import record_waiting
from snapshots.operations.reconciliation import read_and_reconcile_all
from snapshots.vault.models import StoredToken

LOOK_SECONDS = 20.0
"""Longest time of one run, so that a provider that hangs for many tokens does not stop the worker's other tasks."""
SHOWN = 5
KEEP_FOR = timedelta(days=90)


def distinct_tokens() -> list[StoredToken]:
    """One stored token for each fingerprint."""
    found: dict[str, StoredToken] = {}
    for token in StoredToken.objects.order_by("pk"):
        found.setdefault(token.fingerprint, token)
    return list(found.values())


def compare_all() -> int:
    """Compare each token's last reading, whoever made it, and record what changed. Returns how many were recorded.

    Raises JournalUnavailableError.
    """
    compared = dict(SeenList.objects.values_list("token_fingerprint", "read_at"))
    for token in distinct_tokens():
        reading = last_whole_reading(token.fingerprint)
        if reading is not None and reading.confirmed_at != compared.get(token.fingerprint):
            comparison.compare(token, reading)
    return record_waiting()


def newest_changes(server_id: int) -> list[Change]:
    """The changes of a server's snapshots that were recorded last, the newest first."""
    recorded = Change.objects.filter(snapshot__server_id=server_id, recorded_at__isnull=False)
    return list(recorded.select_related("snapshot").order_by("-seen_at", "-pk")[:SHOWN])


def look() -> int:
    """Read with every token that nobody has read with for SNAPPORTAL_LOOK_EVERY_MINUTES. Returns how many."""
    minutes = settings.SNAPPORTAL_LOOK_EVERY_MINUTES
    if not minutes:
        return 0
    due = list(_due(distinct_tokens(), timedelta(minutes=minutes)))
    read_and_reconcile_all(due, seconds=LOOK_SECONDS)
    return len(due)


def _due(tokens: Iterable[StoredToken], interval: timedelta) -> Iterable[StoredToken]:
    """An absence that waits for its confirmation shortens the interval."""
    unconfirmed = set(SeenList.objects.exclude(missing={}).values_list("pk", flat=True))
    for token in tokens:
        reading = last_whole_reading(token.fingerprint)
        pause = comparison.CONFIRMED_AFTER if token.fingerprint in unconfirmed else interval
        if reading is None or _is_old(reading, min(pause, interval)):
            yield token


def _is_old(reading: Reading, pause: timedelta) -> bool:
    """Whether the last attempt to read is longer ago, or in the future of a clock that was set back."""
    tried_at: datetime | None = reading.tried_at
    return tried_at is None or not timedelta() <= timezone.now() - tried_at < pause


def clear_old() -> int:
    """Delete what was recorded or has been gone for KEEP_FOR; the log keeps its rows. Returns how many."""
    before = timezone.now() - KEEP_FOR
    count = Change.objects.filter(recorded_at__lt=before).delete()[0]
    count += KnownServer.objects.filter(gone_at__lt=before).delete()[0]
    count += KnownSnapshot.objects.filter(gone_at__lt=before).delete()[0]
    return count + SeenList.objects.filter(read_at__lt=before).delete()[0]
