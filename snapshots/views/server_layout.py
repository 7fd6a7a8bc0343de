"""How the list of servers is laid out: as cards or as a table with one header, in groups or not."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from django.http import HttpRequest
from django.utils.translation import gettext as _

from snapshots.views.cards import Card
from snapshots.views.listed_cards import RestingCard
from snapshots.views.server_filter import Match, ServerFilter, label_of_group

SERVER_TEMPLATES: Final = {"": "servers/_server.html", "table": "servers/_table_server.html"}
"""What shows one server in each layout."""
DESCENDING_FIRST: Final = frozenset({"size", "created"})
"""What is ordered by these begins with the largest and the newest."""


@dataclass(frozen=True)
class Section:
    """The servers of a group that are on this page. `label` is '' if it is not known; `title` then says that."""

    label: str
    title: str
    cards: list[Card | RestingCard]


@dataclass(frozen=True)
class Head:
    """The head of a column; its link orders by it, the other way round if it is ordered by it already.

    The URL ends with the id of the link: a browser sets the focus there on the page that it loads.
    """

    element_id: str
    label: str
    url: str
    direction: str
    """For aria-sort; '' if the list is not ordered by it."""


def layout_of(request: HttpRequest) -> str:
    """'' for cards, or 'table'."""
    return str(request.look.server_layout)  # type: ignore[attr-defined]


def sections(page: Sequence[Match], cards: Sequence[Card | RestingCard], group: str) -> list[Section]:
    unknown = {"location": _("No location is known"), "token": _("No token")}.get(group, "")
    pairs = zip(page, cards, strict=True)
    return [
        Section(label, unknown if group and not label else "", [card for _match, card in found])
        for label, found in groupby(pairs, key=lambda pair: label_of_group(pair[0], group))
    ]


def heads(request: HttpRequest, chosen: ServerFilter) -> list[Head]:
    labels = {
        "name": _("Server"),
        "snapshot": _("Snapshot"),
        "status": _("Status"),
        "size": _("Size"),
        "created": _("Created"),
    }
    return [_head(request, name, label, chosen.sort or "name") for name, label in labels.items()]


def _head(request: HttpRequest, name: str, label: str, sort: str) -> Head:
    first = f"-{name}" if name in DESCENDING_FIRST else name
    other = name if first.startswith("-") else f"-{name}"
    query = request.GET.copy()
    query.pop("page", None)
    query["sort"] = other if sort == first else first
    direction = {name: "ascending", f"-{name}": "descending"}.get(sort, "")
    element_id = f"sort-{name}"
    return Head(element_id, label, f"?{query.urlencode()}#{element_id}", direction)
