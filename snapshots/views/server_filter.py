"""Search, filters, order and groups of the server list, as pure functions."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final

from snapshots.contract import Snapshot
from snapshots.inventory.names import visible_name
from snapshots.inventory.servers import ListedServer
from snapshots.templatetags.portal import id_text
from snapshots.vault.limits import RIGHTS
from snapshots.views.spelling import folded

LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class ServerFilter:
    """The chosen filter; '' means no restriction. `server` is an id as text. `sort` begins with "-" for the other way round.

    `show` names servers that matter now (see overview), `group` what the servers are grouped by.
    """

    q: str = ""
    server: str = ""
    status: str = ""
    sort: str = ""
    group: str = ""
    show: str = ""

    @cached_property
    def word(self) -> str:
        """What is searched for."""
        return search_word(self.q)

    @property
    def is_all(self) -> bool:
        return not (self.q or self.server or self.status or self.show)

    @property
    def is_as_listed(self) -> bool:
        """Whether each server has all its snapshots, newest first."""
        return not (self.q or self.status) and self.sort.removeprefix("-") not in SNAPSHOT_ORDERS


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
    return any(word in folded(visible_name(text)) for text in texts)


def search_word(text: str) -> str:
    """Of an ID, written as pages show it ('ID 802') or as '#802', its number."""
    word = folded(visible_name(text))
    prefix = folded(id_text(0)).removesuffix("0").strip()
    number = word.removeprefix(prefix).lstrip(" #")
    return number if number.isdecimal() else word


def server_matches(listed: ListedServer, word: str) -> bool:
    texts = [listed.name, str(listed.server_id)]
    if listed.server:
        texts += [listed.server.hostname, listed.server.ip_address, listed.server.location]
    return contains(word, texts)


def snapshot_matches(snapshot: Snapshot, word: str) -> bool:
    return contains(word, (snapshot.name, snapshot.description, str(snapshot.id)))


def _snapshots_of(server: ListedServer, chosen: ServerFilter) -> tuple[Snapshot, ...]:
    shows_all = not chosen.word or server_matches(server, chosen.word)
    return tuple(
        one
        for one in server.snapshots
        if (not chosen.status or group_of(one) == chosen.status)
        and (shows_all or snapshot_matches(one, chosen.word))
    )


def _is_shown(match: Match, chosen: ServerFilter) -> bool:
    """A server without matching snapshots is kept only if the server itself matches."""
    if chosen.server and str(match.server.server_id) != chosen.server:
        return False
    if match.snapshots:
        return True
    return not chosen.status and (not chosen.word or server_matches(match.server, chosen.word))


SNAPSHOT_ORDERS: Final[dict[str, Callable[[Snapshot], Any]]] = {
    "snapshot": lambda one: visible_name(one.name).casefold(),
    "status": lambda one: ("failed", "moving", "other", "ready").index(group_of(one)),
    "size": lambda one: one.size_mb or 0,
    "created": lambda one: one.created_at or LONG_AGO,
}


def _in_order(found: list[Match], sort: str) -> list[Match]:
    """By name of the server, or a server stands where the first of its snapshots would; those without any come last."""
    key, is_reversed = sort.removeprefix("-"), sort.startswith("-")
    found = sorted(found, key=lambda one: (one.server.name.casefold(), one.server.server_id))
    if key not in SNAPSHOT_ORDERS:
        return found[::-1] if is_reversed else found
    order = SNAPSHOT_ORDERS[key]
    filled = [
        replace(one, snapshots=tuple(sorted(one.snapshots, key=order, reverse=is_reversed)))
        for one in found
        if one.snapshots
    ]
    filled.sort(key=lambda one: order(one.snapshots[0]), reverse=is_reversed)
    return filled + [one for one in found if not one.snapshots]


def label_of_group(match: Match, group: str) -> str:
    """What the server is grouped under: its place or its token; '' if that is not known, or there are no groups."""
    if group == "token":
        return match.server.token.label
    return match.server.server.location if group == "location" and match.server.server else ""


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
    matches = [Match(one, _snapshots_of(one, chosen)) for one in by_id.values()]
    found = _in_order([one for one in matches if _is_shown(one, chosen)], chosen.sort)
    if chosen.group:
        found.sort(key=lambda one: _group_order(label_of_group(one, chosen.group)))
    return found


def _group_order(label: str) -> tuple[bool, str, str]:
    """By name, what is not known last."""
    return not label, label.casefold(), label
