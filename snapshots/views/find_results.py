"""What one search over everything finds, in groups. Each group is for whom the pages are that it leads to, and nothing asks the
provider: servers and snapshots are those of the lists as last read.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.urls import get_script_prefix, resolve
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from snapshots.approvals import queries as requests
from snapshots.audit.search import searched
from snapshots.audit.search.criteria import Criteria
from snapshots.jobs import service as jobs
from snapshots.jobs.models import Kind
from snapshots.operations import attention
from snapshots.schedules import visibility as schedules
from snapshots.templatetags.portal import as_name, id_text, moment, named, with_names
from snapshots.views.access import may_open
from snapshots.views.entry_lines import EntryLine
from snapshots.views.find_search import Hit, Search
from snapshots.views.help_sections import sections_for, words_of
from snapshots.views.links import link
from snapshots.views.roster import Roster
from snapshots.views.server_filter import server_matches, snapshot_matches
from snapshots.views.texts.audit_actions import ACTIONS
from snapshots.views.texts.pages import PAGES, SEARCH_WORDS

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

_NUMBERED: Final = {
    "operation_detail": lazy("Operation"),
    "job_detail": lazy("Job"),
    "request_detail": lazy("Request"),
}
NEWEST: Final = 500
"""Jobs and requests that are looked at, because no index finds a part of their names."""


def _servers(search: Search) -> Iterable[Hit]:
    for one in search.servers:
        if server_matches(one, search.word):
            url = link("server_detail", one.token.pk, one.server_id)
            yield Hit(url, as_name(one.name), as_name(id_text(one.server_id)))


def _snapshots(search: Search) -> Iterable[Hit]:
    for server in search.servers:
        for one in server.snapshots:
            if snapshot_matches(one, search.word):
                url = link("server_detail", server.token.pk, server.server_id)
                note = with_names(_("%(id)s, on %(server)s"), id=id_text(one.id), server=server.name)
                yield Hit(f"{url}#snapshot-{one.id}-status", as_name(named(one.name)), note)


def _schedules(search: Search) -> Iterable[Hit]:
    found = schedules.visible_to(search.user).distinct().order_by("name", "id").values_list("pk", "name")
    return (Hit(link("schedule_detail", pk), as_name(name)) for pk, name in found if search.finds(name))


def _jobs(search: Search) -> Iterable[Hit]:
    """By the name that their snapshots share."""
    seen = jobs.visible_to(search.user).exclude(title="").order_by("-created_at")
    for pk, title, kind in seen.values_list("pk", "title", "kind")[:NEWEST]:
        if search.finds(title):
            yield Hit(link("job_detail", pk), as_name(title), Kind(kind).label)


def _by_number(search: Search) -> Iterable[Hit]:
    """Operations, jobs and requests by the number in the address of their page, or its first eight characters."""
    if not search.keys:
        return
    found: list[tuple[str, QuerySet[Any]]] = [("operation_detail", attention.visible_to(search.user))]
    found += [("job_detail", jobs.visible_to(search.user))]
    if may_open(search.user, "snapshots.see"):
        found += [("request_detail", requests.visible_to(search.user))]
    for name, seen in found:
        for pk in seen.filter(pk__range=search.keys).values_list("pk", flat=True)[: search.limit + 1]:
            yield Hit(link(name, pk), as_name(pk), _NUMBERED[name])


def _requests(search: Search) -> Iterable[Hit]:
    seen = requests.visible_to(search.user).prefetch_related("stored_items").order_by("-created_at")
    for one in seen[:NEWEST]:
        items = one.stored_items.all()
        names = [one.title, *(name for item in items for name in (item.server_name, item.snapshot_name))]
        if shown := next((name for name in names if search.finds(name)), ""):
            note = format_html("{}, {}", one.get_kind_display(), moment(one.created_at))
            yield Hit(link("request_detail", one.pk), as_name(shown), note)


def _people(search: Search) -> Iterable[Hit]:
    """As the page of people finds them."""
    wanted = (
        Q(name__icontains=search.text) | Q(username__icontains=search.text) | Q(email__icontains=search.text)
    )
    found = get_user_model()._default_manager.filter(wanted).order_by("name", "id")[: search.limit + 1]
    return (Hit(link("person_edit", one.pk), as_name(one), as_name(one.get_username())) for one in found)


@lru_cache(maxsize=256)
def _permission(prefix: str, name: str) -> str:
    """Of the page with this name (access.requires)."""
    return str(resolve(f"/{link(name).removeprefix(prefix)}").func.access)  # type: ignore[attr-defined]


def _pages(search: Search) -> Iterable[Hit]:
    """By their titles first, then by other words for them."""
    titled = {name: search.finds(str(title)) for name, title in PAGES.items()}
    for name in sorted(PAGES, key=lambda one: not titled[one]):
        texts = (str(PAGES[name]), str(SEARCH_WORDS.get(name, "")))
        if not titled[name] and not search.finds_words(*texts):
            continue
        if may_open(search.user, _permission(get_script_prefix(), name)):
            yield Hit(link(name), format_html("{}", PAGES[name]))


def _help(search: Search) -> Iterable[Hit]:
    """By their headings first, then by what they say."""
    everything, words = sections_for(search.user), words_of(search.text)
    titled = [one for one in everything if search.finds(one.title)]
    for one in [*titled, *(one for one in everything if one not in titled and one.holds(words))]:
        yield Hit(f"{link('help_page')}#{one.anchor}", format_html("{}", one.title))


def _entries(search: Search) -> Iterable[Hit]:
    if not searched.has_index(search.text):
        return []
    found = Criteria(text=search.text).listing().page(search.limit + 1).entries
    names = Roster.load().names(found) if found else {}
    lines = [EntryLine(one, names[one.sequence]) for one in found]
    return [
        Hit(one.url, one.what_html, format_html("{}, {}", one.who_html, moment(one.entry.at)))
        for one in lines
    ]


def _actions(search: Search) -> Iterable[Hit]:
    """Kinds of entries, each with its part of the log."""
    for action, (name, _sentence) in ACTIONS.items():
        if search.finds_words(str(name), action):
            yield Hit(f"{link('entry_list')}?{urlencode({'action': action})}", format_html("{}", name))


@dataclass(frozen=True)
class Source:
    """Where hits come from. `page`: the list that finds the same with a parameter called `parameter`, '' if none does."""

    key: str
    title: "StrPromise"
    permission: str
    find: Callable[[Search], Iterable[Hit]]
    page: str = ""
    parameter: str = "q"

    def all_url(self, text: str) -> str:
        if self.page:
            return f"{link(self.page)}?{urlencode({self.parameter: text})}"
        return f"{link('find_page')}?{urlencode({'q': text, 'only': self.key})}"


SOURCES: Final = (
    Source("servers", lazy("Servers"), "snapshots.see", _servers, "server_list"),
    Source("snapshots", lazy("Snapshots"), "snapshots.see", _snapshots, "server_list"),
    Source("schedules", lazy("Schedules"), "snapshots.see", _schedules),
    Source("jobs", lazy("Jobs"), "signed_in", _jobs),
    Source("numbers", lazy("By their number"), "signed_in", _by_number),
    Source("requests", lazy("Approvals"), "snapshots.see", _requests),
    Source("people", lazy("People"), "people.manage", _people, "person_list"),
    Source("pages", lazy("Pages"), "signed_in", _pages),
    Source("help", lazy("Help"), "signed_in", _help),
    Source("actions", lazy("Actions in the audit log"), "audit.read", _actions),
    Source("entries", lazy("Audit log"), "audit.read", _entries, "entry_list", "text"),
)


@dataclass(frozen=True)
class Group:
    """The hits of a source; `all_url` leads to all of them if there are more, else ''."""

    key: str
    title: "StrPromise"
    hits: list[Hit]
    all_url: str = ""


def find_groups(search: Search, *, only: str = "") -> list[Group]:
    """Those with hits. `only`: the key of the one to search."""
    if not search.word:
        return []
    sources = [one for one in SOURCES if only in {"", one.key} and may_open(search.user, one.permission)]
    return [group for one in sources if (group := _group(one, search)).hits]


def _group(source: Source, search: Search) -> Group:
    hits: list[Hit] = []
    for hit in source.find(search):
        if len(hits) == search.limit:
            return Group(source.key, source.title, hits, source.all_url(search.text))
        hits.append(hit)
    return Group(source.key, source.title, hits)


def skips_log(search: Search) -> bool:
    """Whether the log was not searched, although the person may read it: without an index that takes too long here."""
    return bool(search.word) and may_open(search.user, "audit.read") and not searched.has_index(search.text)
