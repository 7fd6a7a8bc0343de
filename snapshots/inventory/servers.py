"""Servers and their snapshots as the provider lists them to one token."""

import ipaddress
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from snapshots.contract import MAX_SNAPSHOTS_PER_SERVER, Server, Snapshot, is_moving
from snapshots.inventory import readings
from snapshots.inventory.names import looks_like, visible_name
from snapshots.inventory.readings import Reading
from snapshots.vault.models import StoredToken

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class ListedServer:
    """A server and its snapshots, newest first. `server` is None if the servers list does not contain it (any more).

    If the reading is not complete, more snapshots may exist: then `is_full` is certain if True, but not if False.
    """

    token: StoredToken
    server_id: int
    name: str
    server: Server | None
    snapshots: tuple[Snapshot, ...]
    reading: Reading
    limit: int = MAX_SNAPSHOTS_PER_SERVER

    @property
    def used(self) -> int:
        return len(self.snapshots)

    @property
    def is_full(self) -> bool:
        return self.used >= self.limit

    @property
    def is_gone(self) -> bool:
        """Whether a fresh and whole servers list lacks this server, although its snapshots are still listed."""
        reading = self.reading
        is_certain = reading.servers is not None and reading.servers_are_fresh and reading.servers_are_whole
        return is_certain and self.server is None

    def namesakes(self, snapshot: Snapshot) -> int:
        """How many of its snapshots have a name that looks the same as this one's, including this one."""
        return sum(looks_like(one.name, snapshot.name) for one in self.snapshots)

    @property
    def status(self) -> str:
        return self.server.status if self.server else ""


def _newest_first(snapshots: list[Snapshot]) -> tuple[Snapshot, ...]:
    return tuple(sorted(snapshots, key=lambda one: (one.created_at or LONG_AGO, one.id), reverse=True))


def _first_visible(*names: str) -> str:
    return next((name for name in names if visible_name(name)), "")


def listed_servers(token: StoredToken, reading: Reading) -> list[ListedServer]:
    """All servers that this token shows, sorted by name: those of the servers list and those that a snapshot names."""
    return [
        ListedServer(token, server_id, name, server, snapshots, reading)
        for server_id, name, server, snapshots in _grouped(Lists(reading.snapshots, reading.servers))
    ]


class Lists(NamedTuple):
    """The lists of a reading, which many pages group alike."""

    snapshots: tuple[Snapshot, ...]
    servers: tuple[Server, ...] | None

    def __hash__(self) -> int:
        """Of the objects, not of their content: a cached reading is decoded once (readings.load)."""
        return hash((id(self.snapshots), id(self.servers)))


Grouped = tuple[int, str, Server | None, tuple[Snapshot, ...]]


@lru_cache(maxsize=16)
def _grouped(lists: Lists) -> list[Grouped]:
    """ID, name, entry in the servers list, and snapshots of each server, sorted by name."""
    listed = {one.id: one for one in lists.servers or ()}
    names = {one.server.id: one.server.name for one in lists.snapshots}
    names |= {one.id: _first_visible(one.name, one.hostname) for one in listed.values()}
    snapshots: dict[int, list[Snapshot]] = defaultdict(list)
    for snapshot in lists.snapshots:
        snapshots[snapshot.server.id].append(snapshot)
    found = [
        (
            server_id,
            _first_visible(name, str(server_id)),
            listed.get(server_id),
            _newest_first(snapshots[server_id]),
        )
        for server_id, name in names.items()
    ]
    return sorted(found, key=lambda one: (one[1].casefold(), one[0]))


class Notable(NamedTuple):
    """IDs of servers of which a list says something that their users should see first."""

    moving: frozenset[int]
    """Something is in progress on them."""
    full: frozenset[int]
    empty: frozenset[int]
    """They certainly have no snapshot."""


def notable_servers(reading: Reading) -> Notable:
    found = _notable(Lists(reading.snapshots, reading.servers))
    return found if reading.is_complete else found._replace(empty=frozenset())


@lru_cache(maxsize=16)
def _notable(lists: Lists) -> Notable:
    used = Counter(one.server.id for one in lists.snapshots)
    listed = lists.servers or ()
    moving = {one.server.id for one in lists.snapshots if one.is_moving}
    return Notable(
        moving=frozenset(moving | {one.id for one in listed if is_moving(one.status)}),
        full=frozenset(number for number, count in used.items() if count >= MAX_SNAPSHOTS_PER_SERVER),
        empty=frozenset(one.id for one in listed if one.id not in used),
    )


def parse_address(text: str) -> Address | None:
    """`text` as an IP address, or None."""
    try:
        return ipaddress.ip_address(text.strip())
    except ValueError:
        return None


def servers_at(address: Address) -> list[Server]:
    """The servers with this address in the cached lists of all tokens, sorted by id. Does not call the provider.

    Only for readers of the audit log, who can see every server's id and name there anyway.
    """
    found: dict[int, Server] = {}
    for fingerprint in StoredToken.objects.order_by().values_list("fingerprint", flat=True).distinct():
        cached = readings.load(fingerprint)
        servers = (cached.servers if cached else None) or ()
        found |= {one.id: one for one in servers if parse_address(one.ip_address) == address}
    return [found[server_id] for server_id in sorted(found)]


def find_snapshot(reading: Reading, snapshot_id: int) -> Snapshot | None:
    return next((one for one in reading.snapshots if one.id == snapshot_id), None)
