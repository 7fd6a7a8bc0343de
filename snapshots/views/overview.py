"""What matters now, above the list of servers: links with counts, each of which is a filter of the list."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

from snapshots import sql
from snapshots.inventory.readings import Reading
from snapshots.inventory.servers import ListedServer, notable_servers
from snapshots.operations.attention import is_overdue
from snapshots.operations.models import OPEN_STATES, Operation
from snapshots.operations.server_views import MOVING_STATES
from snapshots.templatetags.portal import duration
from snapshots.vault.models import StoredToken
from snapshots.views.links import link
from snapshots.views.overview_facts import ComingRun, read_facts

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

TOKEN_TROUBLES: Final = frozenset({"token_refused", "forbidden", "sealed"})
Readings = Sequence[tuple[StoredToken, Reading]]


@dataclass(frozen=True)
class Highlight:
    """A kind of servers that matter now. `kind`: a badge's. `none_title` and `none_text`: there is none, and why that is so."""

    kind: str
    text: "StrPromise"
    none_title: "StrPromise"
    none_text: "StrPromise"


HIGHLIGHTS: Final = {
    "running": Highlight(
        "moving",
        ngettext_lazy("%d running", "%d running"),
        gettext_lazy("Nothing is running"),
        gettext_lazy("No snapshot is being created, restored or deleted on your servers."),
    ),
    "attention": Highlight(
        "bad",
        ngettext_lazy("%d needs attention", "%d need attention"),
        gettext_lazy("Nothing needs attention"),
        gettext_lazy("All results are known, and the provider accepts all your tokens."),
    ),
    "full": Highlight(
        "warn",
        ngettext_lazy("%d full", "%d full"),
        gettext_lazy("No server is full"),
        gettext_lazy("Each of your servers has room for another snapshot."),
    ),
    "silent": Highlight(
        "warn",
        ngettext_lazy("%d without a new snapshot for long", "%d without a new snapshot for long"),
        gettext_lazy("No server lacks a new snapshot"),
        gettext_lazy("After how many days that is told can be chosen on each server's page."),
    ),
    "empty": Highlight(
        "neutral",
        ngettext_lazy("%d without snapshots", "%d without snapshots"),
        gettext_lazy("Each server has a snapshot"),
        gettext_lazy("A server without one would be listed here."),
    ),
}
"""By the value of the filter."""


@dataclass(frozen=True)
class HighlightLink:
    """`is_chosen`: the list shows these servers alone, and the link shows all again."""

    kind: str
    text: str
    url: str
    is_chosen: bool


@dataclass(frozen=True)
class NextRun:
    """A schedule that is due next. `on`: its server, or how many."""

    on: str
    is_full: bool
    name: str
    text: str
    url: str


@dataclass(frozen=True)
class Overview:
    """`servers`: value of the filter → IDs of the servers."""

    servers: dict[str, frozenset[int]]
    coming: tuple[ComingRun, ...]

    def links(self, chosen: str, kept: dict[str, str]) -> list[HighlightLink]:
        """Of what there is, and of what is chosen. `kept`: parameters that stay, such as the order."""
        return [
            HighlightLink(
                one.kind if self.servers[name] else "neutral",
                str(one.text % len(self.servers[name])),
                _url(kept if name == chosen else {"show": name} | kept),
                name == chosen,
            )
            for name, one in HIGHLIGHTS.items()
            if self.servers[name] or name == chosen
        ]

    @property
    def next_runs(self) -> list[NextRun]:
        return [_next_run(one) for one in self.coming]


def _next_run(coming: ComingRun) -> NextRun:
    left = coming.due_at - timezone.now()
    text = _("in %(time)s") % {"time": duration(left)} if left.total_seconds() > 0 else _("now")
    on = coming.server_name
    if coming.servers != 1:
        count = ngettext("%d server", "%d servers", coming.servers) % coming.servers
        on = count if coming.servers else _("All servers of a token")
    return NextRun(on, coming.full > 0, coming.name, text, link("schedule_detail", coming.schedule_id))


def _url(query: dict[str, str]) -> str:
    return link("server_list") + (f"?{urlencode(query)}" if query else "")


def make_overview(request: HttpRequest, readings: Readings, servers: Iterable[ListedServer]) -> Overview:
    """With two queries, and no call of the provider."""
    listed = frozenset(one.server_id for one in servers)
    operations = list(sql.select(Operation, f"WHERE state IN ({sql.places(OPEN_STATES)})", OPEN_STATES))
    notable = [notable_servers(reading) for _token, reading in readings]
    full = set().union(*(one.full for one in notable))
    facts = read_facts(int(request.user.pk or 0), [token for token, _reading in readings], listed, full)
    found = {
        "running": {one.server_id for one in operations if one.state in MOVING_STATES}.union(
            *(one.moving for one in notable)
        ),
        "attention": {one.server_id for one in operations if is_overdue(one)} | _refused(readings),
        "full": full,
        "silent": facts.silent,
        "empty": set().union(*(one.empty for one in notable)),
    }
    return Overview({name: listed & ids for name, ids in found.items()}, facts.coming)


def _refused(readings: Readings) -> set[int]:
    """The servers whose token the provider refuses."""
    refused = [reading for _token, reading in readings if reading.error in TOKEN_TROUBLES]
    shown = {one.id for reading in refused for one in reading.servers or ()}
    return shown | {one.server.id for reading in refused for one in reading.snapshots}
