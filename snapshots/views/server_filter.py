"""Search, filters and order of the server list, as pure functions."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from snapshots.contract import Snapshot
from snapshots.inventory.names import visible_name
from snapshots.operations.server_views import ServerView

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

    view: ServerView
    snapshots: tuple[Snapshot, ...]


def group_of(snapshot: Snapshot) -> str:
    """'ready', 'moving', 'failed' or 'other'."""
    if snapshot.is_completed:
        return "ready"
    if snapshot.is_moving:
        return "moving"
    return "failed" if snapshot.is_failed else "other"


def _contains(word: str, texts: Iterable[str]) -> bool:
    return any(word in visible_name(text).casefold() for text in texts)


def _search_word(chosen: ServerFilter) -> str:
    return visible_name(chosen.q).casefold()


def _server_matches(view: ServerView, word: str) -> bool:
    server = view.server
    texts = [view.name, str(view.server_id)]
    if server:
        texts += [server.hostname, server.ip_address, server.location]
    return _contains(word, texts)


def _snapshots_of(view: ServerView, chosen: ServerFilter) -> tuple[Snapshot, ...]:
    word = _search_word(chosen)
    shows_all = not word or _server_matches(view, word)
    return tuple(
        one
        for one in view.snapshots
        if (not chosen.status or group_of(one) == chosen.status)
        and (shows_all or _contains(word, (one.name, one.description, str(one.id))))
    )


def _is_shown(match: Match, chosen: ServerFilter) -> bool:
    """A server without matching snapshots is kept only if the server itself matches."""
    if chosen.server and str(match.view.server_id) != chosen.server:
        return False
    if match.snapshots:
        return True
    word = _search_word(chosen)
    return not chosen.status and (not word or _server_matches(match.view, word))


def _newest(match: Match) -> datetime:
    return max((one.created_at or LONG_AGO for one in match.snapshots), default=LONG_AGO)


def _size(match: Match) -> int:
    return sum(one.size_mb or 0 for one in match.snapshots)


def find(views: Iterable[ServerView], chosen: ServerFilter) -> list[Match]:
    """The servers to show, in order; a server seen by two tokens appears only once, with the first token."""
    by_server = {view.server_id: view for view in reversed(list(views))}
    found = [Match(view, _snapshots_of(view, chosen)) for view in by_server.values()]
    found = sorted(
        (one for one in found if _is_shown(one, chosen)),
        key=lambda one: (one.view.name.casefold(), one.view.server_id),
    )
    if chosen.sort == "newest":
        found.sort(key=_newest, reverse=True)
    elif chosen.sort == "size":
        found.sort(key=_size, reverse=True)
    return found
