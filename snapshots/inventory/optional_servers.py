"""Reads the servers list, which is optional: it must not delay the snapshots, nor overload a failing provider.

It is read after the snapshots, with a short deadline of its own. After each fault or hang the pause before the next
attempt grows; after a refusal it is some minutes; Retry-After is followed exactly. The last known list stays cached.
"""

import time
from typing import Final

import structlog

from snapshots.connection import OPTIONAL_SECONDS
from snapshots.inventory.readings import CachedReading, backoff_seconds
from snapshots.upstream import network
from snapshots.upstream.client import SnapshotClient
from snapshots.upstream.errors import BusyError, DeadlineError, RefusedError, UpstreamError

log = structlog.get_logger()

REFUSED_SECONDS: Final = 300.0
HUNG_SECONDS: Final = 120.0
"""After an attempt that took all its time: each one makes a page wait."""
MIN_SECONDS: Final = 0.2
"""With less time than this left for the page, no attempt is made."""


def refresh(client: SnapshotClient, cached: CachedReading) -> bool:
    """Read the servers into `cached` if an attempt is due. Returns whether they were read."""
    if time.time() < cached.servers_next_at or network.seconds_left() < MIN_SECONDS:
        return False
    try:
        with network.deadline(OPTIONAL_SECONDS):
            found = client.read_servers()
    except UpstreamError as error:
        _record_failure(cached, error)
        return False
    cached.servers, cached.servers_cut_by = found.items, found.cut_by
    cached.servers_are_whole = found.is_whole
    cached.servers_confirmed_at = cached.confirmed_at
    if found.error is not None:
        _record_failure(cached, found.error)
    else:
        cached.servers_error, cached.servers_failures, cached.servers_next_at = "", 0, 0.0
    return True


def _record_failure(cached: CachedReading, error: UpstreamError) -> None:
    log.info("provider.servers_not_read", code=error.code, status=error.status)
    if isinstance(error, BusyError):
        return
    cached.servers_failures += 1
    cached.servers_error = error.code
    pause = backoff_seconds(cached.servers_failures)
    if error.retry_after_seconds is not None:
        pause = error.retry_after_seconds
    elif isinstance(error, DeadlineError):
        pause = HUNG_SECONDS
    elif isinstance(error, RefusedError):
        cached.servers, cached.servers_cut_by, cached.servers_error = None, "", RefusedError.code
        pause = REFUSED_SECONDS
    cached.servers_next_at = time.time() + pause
