"""The last known lists of one token, in three forms: cached, for pages, and as evidence for open operations."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from hashlib import blake2b

import msgspec
import structlog
from django.core.cache import cache
from django.utils import timezone

from snapshots.connection import CACHE_FAILURES
from snapshots.contract import Server, Snapshot, SnapshotList, is_moving
from snapshots.upstream.errors import RateLimitedError, RefusedError

log = structlog.get_logger()

STALE_SECONDS = 60.0
KEEP_SECONDS = 7 * 24 * 3600
POLL_SECONDS = 4
POLL_MAX_SECONDS = 60
LOAD_FAILURES: tuple[type[BaseException], ...] = (*CACHE_FAILURES, msgspec.DecodeError)


@dataclass(frozen=True)
class Observation:
    """The lists that one reading returned. `started_at` is before the first byte was sent; `servers` is None if not read."""

    token_fingerprint: str
    started_at: datetime
    listed: SnapshotList
    servers: Sequence[Server] | None

    @property
    def snapshots(self) -> Sequence[Snapshot]:
        return self.listed.snapshots

    def snapshot(self, snapshot_id: int | None) -> Snapshot | None:
        return next((one for one in self.snapshots if one.id == snapshot_id), None)

    def server_status(self, server_id: int) -> str:
        return next((one.status for one in self.servers or () if one.id == server_id), "")


def server_ids(lists: "Observation | Reading | CachedReading") -> set[int]:
    """Of the servers that the lists show, or a snapshot of them."""
    return {one.id for one in lists.servers or ()} | {one.server.id for one in lists.snapshots}


def shows_server(lists: "Observation | Reading", server_id: int) -> bool:
    return server_id in server_ids(lists)


class CachedReading(msgspec.Struct, kw_only=True):
    """The cached state of one token. Times are seconds since the epoch; 0 means never.

    `started_at` is before the first byte of the lists was asked for, `tried_at` that of the last attempt.
    `was_cut_short`: the last attempt failed with less time than a call may take, because other tokens of the same page
    used up the rest.
    """

    snapshots: tuple[Snapshot, ...] = ()
    cut_by: str = ""
    is_whole: bool = False
    started_at: float = 0.0
    confirmed_at: float = 0.0
    tried_at: float = 0.0
    clock_ahead_seconds: float | None = None
    error: str = ""
    failures: int = 0
    next_at: float = 0.0
    wait_until: float = 0.0
    was_cut_short: bool = False

    servers: tuple[Server, ...] | None = None
    servers_cut_by: str = ""
    servers_are_whole: bool = False
    servers_confirmed_at: float = 0.0
    servers_error: str = ""
    servers_failures: int = 0
    servers_next_at: float = 0.0
    moving_since: dict[str, float] = {}
    version: str = ""
    """Of what pages show of it: another one as soon as that changes. Set by `save`."""


class Head(msgspec.Struct):
    """What can be known of a cached reading without its lists."""

    version: str
    confirmed_at: float


@dataclass(frozen=True)
class Reading:
    """The last known lists of one token, and how far they can be trusted now.

    `error` is '' or an upstream error's code; `cut_by` and `servers_cut_by` are SnapshotList's. `wait_until`:
    until when the provider asked us to wait. `is_whole` is SnapshotList's; the lists were asked for at `started_at`, and the
    last attempt to read them was at `tried_at`. `servers` is None if this token may not list them, or they were never read;
    `servers_error` is why they could not be read now. `observation` is set only for the caller that asked the provider.
    """

    snapshots: tuple[Snapshot, ...]
    servers: tuple[Server, ...] | None
    confirmed_at: datetime | None
    error: str
    poll_seconds: int
    servers_are_fresh: bool = True
    servers_are_whole: bool = False
    observation: Observation | None = None
    moving_since: Mapping[str, datetime] = field(default_factory=dict)
    """By snapshot_key or server_key: since when every reading has shown a moving status, by our own clock."""
    cut_by: str = ""
    wait_until: datetime | None = None
    servers_cut_by: str = ""
    servers_error: str = ""
    servers_confirmed_at: datetime | None = None
    servers_wait_until: datetime | None = None
    is_whole: bool = False
    started_at: datetime | None = None
    tried_at: datetime | None = None
    clock_ahead_seconds: float | None = None
    """How far the provider's clock is ahead of ours, by the last lists that gave their date."""
    version: str = ""
    """CachedReading's; '' for one that is not cached."""
    limited_to: frozenset[int] | None = None
    """The servers that the limits of a stored token left in these lists; None for all."""

    @property
    def is_known(self) -> bool:
        return self.confirmed_at is not None

    @cached_property
    def newest_created_at(self) -> datetime | None:
        """Of all snapshots whose time the provider gives."""
        return max((one.created_at for one in self.snapshots if one.created_at), default=None)

    @property
    def is_complete(self) -> bool:
        """False if snapshots are known to be missing: then a snapshot's absence proves nothing."""
        return not self.cut_by

    def may_show(self, server_id: int) -> bool:
        """False for a server that the limits of a stored token take away: its absence says nothing."""
        return self.limited_to is None or server_id in self.limited_to

    @property
    def hides_servers(self) -> bool:
        """Whether the provider refuses the servers list to this token."""
        return self.servers_error == RefusedError.code

    @property
    def may_lack_servers(self) -> bool:
        """Whether a server that is not in these lists may still exist."""
        if self.cut_by:
            return True
        in_doubt = self.servers is None or bool(self.servers_cut_by or self.servers_error)
        return in_doubt and not self.hides_servers

    @property
    def is_stale(self) -> bool:
        if self.error or self.confirmed_at is None:
            return True
        age = (timezone.now() - self.confirmed_at).total_seconds()
        return not -STALE_SECONDS <= age <= STALE_SECONDS  # in the future: the clock was set back since


def snapshot_key(snapshot_id: int) -> str:
    return f"snapshot:{snapshot_id}"


def server_key(server_id: int) -> str:
    return f"server:{server_id}"


def moving_since(cached: CachedReading) -> dict[str, float]:
    """By key, everything with a moving status, and the time of the first of the uninterrupted readings that showed it.

    Entries that an incomplete list does not show are kept, since they may still be moving.
    """
    shown = {snapshot_key(one.id): one.is_moving for one in cached.snapshots}
    shown |= {server_key(one.id): is_moving(one.status) for one in cached.servers or ()}
    is_cut = cached.cut_by or cached.servers_cut_by
    kept = {key: since for key, since in cached.moving_since.items() if is_cut and key not in shown}
    moving = [key for key, moves in shown.items() if moves]
    return kept | {key: cached.moving_since.get(key, cached.confirmed_at) for key in moving}


def cache_key(fingerprint: str) -> str:
    return f"reading:{fingerprint}"


def load(fingerprint: str) -> CachedReading | None:
    """The cached reading, or None; also None if the cache is unavailable or has an unreadable value of an older version."""
    try:
        data = cache.get(cache_key(fingerprint))
        return msgspec.structs.replace(_decode(data)) if data else None
    except LOAD_FAILURES as error:
        log.warning("reading.not_loaded", error=type(error).__name__)
        return None


@lru_cache(maxsize=16)
def _decode(data: bytes) -> CachedReading:
    """Kept, because decoding a thousand snapshots costs more than the rest of most polls. Callers get a copy: they change it."""
    return msgspec.json.decode(data, type=CachedReading)


def save(fingerprint: str, cached: CachedReading) -> None:
    cached.version = _version(cached)
    head = Head(cached.version, cached.confirmed_at)
    try:
        values = {cache_key(fingerprint): cached, _head_key(fingerprint): head}
        cache.set_many({key: msgspec.json.encode(value) for key, value in values.items()}, KEEP_SECONDS)
    except CACHE_FAILURES as error:
        log.warning("reading.not_saved", error=type(error).__name__)


def _version(cached: CachedReading) -> str:
    """A digest of all but the times that every reading changes."""
    content = msgspec.structs.replace(
        cached,
        version="",
        **dict.fromkeys(("started_at", "confirmed_at", "tried_at", "next_at", "failures"), 0),
        **dict.fromkeys(("servers_confirmed_at", "servers_next_at", "servers_failures"), 0),
        clock_ahead_seconds=None,
        was_cut_short=False,
    )
    return blake2b(msgspec.json.encode(content), digest_size=12).hexdigest()


def _head_key(fingerprint: str) -> str:
    return f"reading-head:{fingerprint}"


def load_heads(fingerprints: Iterable[str]) -> dict[str, Head]:
    """The heads of cached readings by fingerprint, without those that are not cached or cannot be read."""
    keys = {_head_key(fingerprint): fingerprint for fingerprint in fingerprints}
    try:
        found = cache.get_many(keys)
        return {keys[key]: msgspec.json.decode(data, type=Head) for key, data in found.items()}
    except LOAD_FAILURES as error:
        log.warning("reading.not_loaded", error=type(error).__name__)
        return {}


def backoff_seconds(failures: int) -> float:
    """The pause after this many consecutive failures."""
    return min(POLL_MAX_SECONDS, POLL_SECONDS * 2.0 ** min(failures - 1, 6))


def _time(seconds: float) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def _time_ahead(seconds: float) -> datetime | None:
    return _time(seconds) if seconds > time.time() else None


def to_reading(cached: CachedReading, observation: Observation | None = None) -> Reading:
    """The reading that callers get."""
    has_fault = cached.error or cached.cut_by
    wait = max(0.0, cached.next_at - time.time()) if has_fault else 0.0
    servers_wait = cached.servers_next_at if cached.servers_error == RateLimitedError.code else 0.0
    return Reading(
        snapshots=cached.snapshots,
        servers=cached.servers,
        confirmed_at=_time(cached.confirmed_at),
        error=cached.error,
        poll_seconds=int(min(POLL_MAX_SECONDS, max(POLL_SECONDS, wait + 1))),
        servers_are_whole=cached.servers_are_whole,
        servers_are_fresh=cached.servers_confirmed_at == cached.confirmed_at,
        observation=observation,
        moving_since={
            key: datetime.fromtimestamp(seconds, UTC) for key, seconds in cached.moving_since.items()
        },
        cut_by=cached.cut_by,
        wait_until=_time_ahead(cached.wait_until),
        servers_cut_by=cached.servers_cut_by,
        servers_error=cached.servers_error,
        servers_confirmed_at=_time(cached.servers_confirmed_at),
        servers_wait_until=_time_ahead(servers_wait),
        is_whole=cached.is_whole,
        started_at=_time(cached.started_at),
        tried_at=_time(cached.tried_at),
        clock_ahead_seconds=cached.clock_ahead_seconds,
        version=cached.version,
    )
