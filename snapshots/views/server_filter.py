"""Search, filters and order of the server list, as pure functions."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from snapshots.contract import Snapshot
from snapshots.inventory.names import visible_name
from snapshots.inventory.servers import ListedServer
from snapshots.vault.limits import RIGHTS

LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class ServerFilter:
    """The chosen filter; '' means no restriction. `server` is an id as text."""

    q: str = ""
    server: str = ""
    status: str = ""
    sort: str = ""

    @property
    def is_all(self) -> bool:
        return not (self.q or self.server or self.status)


@dataclass(frozen=True)
class Match:
    """A server of the result, with its snapshots that match."""

    server: ListedServer
    snapshots: tuple[Snapshot, ...]


def group_of(snapshot: Snapshot) -> str:
    """'ready', 'moving', 'failed' or 'other'."""
    if snapshot.is_completed:
        return "ready"
    if snapshot.is_moving:
        return "moving"
    return "failed" if snapshot.is_failed else "other"


def contains(word: str, texts: Iterable[str]) -> bool:
    """`word`: of `search_word`."""
    return any(word in visible_name(text).casefold() for text in texts)


def search_word(text: str) -> str:
    return visible_name(text).casefold()


def server_matches(listed: ListedServer, word: str) -> bool:
    texts = [listed.name, str(listed.server_id)]
    if listed.server:
        texts += [listed.server.hostname, listed.server.ip_address, listed.server.location]
    return contains(word, texts)


def snapshot_matches(snapshot: Snapshot, word: str) -> bool:
    return contains(word, (snapshot.name, snapshot.description, str(snapshot.id)))


def _snapshots_of(server: ListedServer, chosen: ServerFilter) -> tuple[Snapshot, ...]:
    word = search_word(chosen.q)
    shows_all = not word or server_matches(server, word)
    return tuple(
        one
        for one in server.snapshots
        if (not chosen.status or group_of(one) == chosen.status)
        and (shows_all or snapshot_matches(one, word))
    )


def _is_shown(match: Match, chosen: ServerFilter) -> bool:
    """A server without matching snapshots is kept only if the server itself matches."""
    if chosen.server and str(match.server.server_id) != chosen.server:
        return False
    if match.snapshots:
        return True
    word = search_word(chosen.q)
    return not chosen.status and (not word or server_matches(match.server, word))


def _newest(match: Match) -> datetime:
    return max((one.created_at or LONG_AGO for one in match.snapshots), default=LONG_AGO)


def _size(match: Match) -> int:
    return sum(one.size_mb or 0 for one in match.snapshots)


def _rights(server: ListedServer) -> int:
    """How many rights the limits of its token leave."""
    return sum(map(server.token.allows, RIGHTS))


def find(servers: Iterable[ListedServer], chosen: ServerFilter) -> list[Match]:
    """The servers to show, in order. One that two tokens show appears once, with the first of those that are limited least."""
    by_id: dict[int, ListedServer] = {}
    for one in servers:
        known = by_id.setdefault(one.server_id, one)
        if known is not one and _rights(one) > _rights(known):
            by_id[one.server_id] = one
    found = [Match(one, _snapshots_of(one, chosen)) for one in by_id.values()]
    found = sorted(
        (one for one in found if _is_shown(one, chosen)),
        key=lambda one: (one.server.name.casefold(), one.server.server_id),
    )
    if chosen.sort == "newest":
        found.sort(key=_newest, reverse=True)
    elif chosen.sort == "size":
        found.sort(key=_size, reverse=True)
    return found
