"""The servers list: useful, never required. It must not slow down the snapshots, nor tire a provider in trouble.

It is read after the snapshots, within a short deadline of its own. After a fault or a hang the next try waits longer each
time; a refusal is believed for minutes; what Retry-After asks for is kept exactly. What was known stays, with its age.
"""

import time
from typing import Final

import structlog

from snapshots.connection import OPTIONAL_SECONDS
from snapshots.inventory.readings import CachedReading, backoff_seconds
from snapshots.upstream import network
from snapshots.upstream.client import SnapshotClient
from snapshots.upstream.errors import BusyError, RefusedError, UpstreamError

log = structlog.get_logger()

REFUSED_SECONDS: Final = 300.0
LEAST_SECONDS: Final = 0.2
"""With less than this left of a page's time it is not tried."""


def renew(client: SnapshotClient, cached: CachedReading) -> bool:
    """Read the servers into `cached`, if it is time to. Whether they were read now."""
    if time.time() < cached.servers_next_at or network.seconds_left() < LEAST_SECONDS:
        return False
    try:
        with network.deadline(OPTIONAL_SECONDS):
            found = client.read_servers()
    except UpstreamError as error:
        _note_failure(cached, error)
        return False
    cached.servers, cached.servers_cut_by = found.items, found.cut_by
    cached.servers_are_whole = found.is_whole
    cached.servers_confirmed_at = cached.confirmed_at
    if found.error is not None:
        _note_failure(cached, found.error)
    else:
        cached.servers_error, cached.servers_failures, cached.servers_next_at = "", 0, 0.0
    return True


def _note_failure(cached: CachedReading, error: UpstreamError) -> None:
    log.info("provider.servers_not_read", code=error.code, status=error.status)
    if isinstance(error, BusyError):
        return
    cached.servers_failures += 1
    cached.servers_error = error.code
    pause = backoff_seconds(cached.servers_failures)
    if error.retry_after_seconds is not None:
        pause = error.retry_after_seconds
    elif isinstance(error, RefusedError):
        cached.servers, cached.servers_cut_by, cached.servers_error = None, "", RefusedError.code
        pause = REFUSED_SECONDS
    cached.servers_next_at = time.time() + pause
