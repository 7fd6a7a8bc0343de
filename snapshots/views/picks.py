"""The servers and snapshots that a page's URL or a restore point names, found in the person's own lists."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from snapshots.connection import Person, own_tokens
from snapshots.contract import MAX_ID, Snapshot
from snapshots.inventory.readings import Reading
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action
from snapshots.operations.preconditions import check_live
from snapshots.operations.reconciliation import read_and_reconcile_all
from snapshots.operations.rights import least, may_on
from snapshots.operations.server_views import ServerView, server_views
from snapshots.vault.models import StoredToken


@dataclass(frozen=True)
class Wanted:
    """A server's or a snapshot's ID. `token_id` '' for any of the person's tokens. `name`: what is said if it is not found."""

    number: int
    token_id: str = ""
    name: str = ""


@dataclass(frozen=True)
class Found:
    view: ServerView
    snapshot: Snapshot | None = None


@dataclass
class Lists:
    """What each of the person's tokens shows, each read once."""

    readings: list[tuple[StoredToken, Reading]] = field(default_factory=list)
    views: list[ServerView] = field(default_factory=list)

    def server(self, wanted: Wanted) -> Found | None:
        for view in self.views:
            if view.server_id == wanted.number and wanted.token_id in {"", view.token.pk}:
                return Found(view)
        return None

    def snapshot(self, wanted: Wanted) -> Found | None:
        for view in self.views:
            if wanted.token_id in {"", view.token.pk}:
                for snapshot in view.snapshots:
                    if snapshot.id == wanted.number:
                        return Found(view, snapshot)
        return None

    @property
    def by_fingerprint(self) -> dict[str, Reading]:
        return {token.fingerprint: reading for token, reading in self.readings}


def pick_of(view: ServerView, snapshot: Snapshot | None = None) -> str:
    """How a URL names it: 'token:ID'."""
    return f"{view.token.pk}:{snapshot.id if snapshot else view.server_id}"


def wanted_in(values: Iterable[str]) -> list[Wanted]:
    """What these parts of a URL name, each once; others are ignored."""
    found: dict[int, Wanted] = {}
    for value in values:
        token_id, _, number = value.partition(":")
        if token_id and number.isascii() and number.isdecimal() and len(number) <= len(str(MAX_ID)):
            found.setdefault(int(number), Wanted(int(number), token_id))
    return list(found.values())


def read_lists(user: Person, wanted: Sequence[Wanted], *, max_age: float = 0.0) -> Lists:
    """The lists of the tokens that are needed for this, within one deadline; at most `max_age` seconds old without a call."""
    named = {one.token_id for one in wanted}
    tokens = [one for one in own_tokens(user) if "" in named or one.pk in named]
    readings = read_and_reconcile_all(tokens, max_age=max_age)
    views = [view for token, reading in readings for view in server_views(token, reading)]
    return Lists(readings, views)


def obstacle(user: Person, action: Action, view: ServerView, check: Callable[[], object]) -> str:
    """The code of what prevents something now, by the rules that are applied again when it is sent; '' if nothing does."""
    if not may_on(user, least(action.permission), view.server_id):
        return "not_on_this_server"
    try:
        check_live(view.reading)
        check()
    except OperationRefusedError as error:
        return error.code
    return ""
