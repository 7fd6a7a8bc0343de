"""The server list's search, filters and order. Pure: servers in, servers and the snapshots to show out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from snapshots.contract import Snapshot
from snapshots.inventory.names import visible_name
from snapshots.operations.server_views import ServerView

LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Wanted:
    """The chosen filter; '' means everything. `server` is an id as text."""

    q: str = ""
    server: str = ""
    status: str = ""
    sort: str = ""

    @property
    def is_all(self) -> bool:
        return not (self.q or self.server or self.status)


@dataclass(frozen=True)
class Found:
    view: ServerView
    snapshots: tuple[Snapshot, ...]


def group_of(snapshot: Snapshot) -> str:
    """'ready', 'moving', 'failed' or 'other'."""
    if snapshot.is_completed:
        return "ready"
    if snapshot.is_moving:
        return "moving"
    return "failed" if snapshot.is_failed else "other"


def _holds(word: str, texts: Iterable[str]) -> bool:
    return any(word in visible_name(text).casefold() for text in texts)


def _word(wanted: Wanted) -> str:
    return visible_name(wanted.q).casefold()


def _server_matches(view: ServerView, word: str) -> bool:
    server = view.server
    texts = [view.name, str(view.server_id)]
    if server:
        texts += [server.hostname, server.ip_address, server.location]
    return _holds(word, texts)


def _snapshots_of(view: ServerView, wanted: Wanted) -> tuple[Snapshot, ...]:
    word = _word(wanted)
    whole = not word or _server_matches(view, word)
    return tuple(
        one
        for one in view.snapshots
        if (not wanted.status or group_of(one) == wanted.status)
        and (whole or _holds(word, (one.name, one.description, str(one.id))))
    )


def _is_wanted(found: Found, wanted: Wanted) -> bool:
    """A server without matching snapshots is kept only if the server itself matches."""
    if wanted.server and str(found.view.server_id) != wanted.server:
        return False
    if found.snapshots:
        return True
    word = _word(wanted)
    return not wanted.status and (not word or _server_matches(found.view, word))


def _newest(found: Found) -> datetime:
    return max((one.created_at or LONG_AGO for one in found.snapshots), default=LONG_AGO)


def _size(found: Found) -> int:
    return sum(one.size_mb or 0 for one in found.snapshots)


def find(views: Iterable[ServerView], wanted: Wanted) -> list[Found]:
    """The servers to show, in order; a server seen by two tokens appears once, with the first token."""
    once = {view.server_id: view for view in reversed(list(views))}
    found = [Found(view, _snapshots_of(view, wanted)) for view in once.values()]
    found = sorted(
        (one for one in found if _is_wanted(one, wanted)),
        key=lambda one: (one.view.name.casefold(), one.view.server_id),
    )
    if wanted.sort == "newest":
        found.sort(key=_newest, reverse=True)
    elif wanted.sort == "size":
        found.sort(key=_size, reverse=True)
    return found
