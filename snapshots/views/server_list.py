"""The list of servers, with its filter and its pages."""

from collections import Counter
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any, ParamSpec, cast

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_htmx.http import HttpResponseClientRefresh, trigger_client_event

from snapshots.connection import own_tokens
from snapshots.inventory.names import visible_name
from snapshots.inventory.readings import Reading
from snapshots.inventory.servers import ListedServer, listed_servers
from snapshots.operations.ownership import may_delete_any
from snapshots.operations.reconciliation import read_and_reconcile_all
from snapshots.operations.rights import may_anywhere
from snapshots.templatetags.portal import id_text
from snapshots.vault.models import StoredToken
from snapshots.views import kept_html, polls
from snapshots.views.access import View, may_open, requires
from snapshots.views.cards import old_from
from snapshots.views.context_processors import home_url
from snapshots.views.forms.servers import ServerFilterForm, is_filtered, key_of_form
from snapshots.views.listed_cards import listed_cards
from snapshots.views.overview import HIGHLIGHTS, TOKEN_TROUBLES, Overview, make_overview
from snapshots.views.rows import row_labels
from snapshots.views.server_filter import Match, ServerFilter, find
from snapshots.views.server_layout import SERVER_TEMPLATES, heads, layout_of, sections
from snapshots.views.texts.base import Words
from snapshots.views.texts.readings import reading_words, servers_text
from snapshots.views.texts.statuses import role_note

P = ParamSpec("P")
SERVERS_PER_PAGE = 20
"""At most 100 snapshots on a page."""
FILTERS = ("q", "server", "status", "sort", "group", "show")
STAYING = ("sort", "group")
"""Parameters that the links to what matters now keep."""


@dataclass(frozen=True)
class Trouble:
    """A token whose list is stale, incomplete or was never read."""

    words: Words
    token: StoredToken
    reading: Reading
    replace_url: str


@dataclass(frozen=True)
class ServersTrouble:
    """A token whose servers could not be read, although its snapshots could."""

    label: str
    text: str


def _troubles(readings: list[tuple[StoredToken, Reading]]) -> list[Trouble]:
    """One per token with a stale or incomplete list; a token stored under two labels is listed only once."""
    by_fingerprint = {token.fingerprint: (token, reading) for token, reading in reversed(readings)}
    return [
        Trouble(
            words=reading_words(reading),
            token=token,
            reading=reading,
            replace_url=reverse("token_replace", args=[token.pk]) if reading.error in TOKEN_TROUBLES else "",
        )
        for token, reading in reversed(by_fingerprint.values())
        if reading.is_stale or not reading.is_complete
    ]


def _servers_troubles(readings: list[tuple[StoredToken, Reading]]) -> list[ServersTrouble]:
    by_fingerprint = {
        token.fingerprint: (token, servers_text(reading)) for token, reading in reversed(readings)
    }
    return [ServersTrouble(token.label, text) for token, text in reversed(by_fingerprint.values()) if text]


def _shown_text(found: list[Match]) -> str:
    snapshots = sum(len(one.snapshots) for one in found)
    return _("%(servers)s, %(snapshots)s shown") % {
        "servers": ngettext("%d server", "%d servers", len(found)) % len(found),
        "snapshots": ngettext("%d snapshot", "%d snapshots", snapshots) % snapshots,
    }


def _page_url(request: HttpRequest, number: int) -> str:
    query = request.GET.copy()
    query["page"] = str(number)
    return f"?{query.urlencode()}"


def _results(
    request: HttpRequest,
    readings: list[tuple[StoredToken, Reading]],
    found: list[Match],
    chosen: ServerFilter,
) -> dict[str, Any]:
    page: Page[Match] = Paginator(found, SERVERS_PER_PAGE).get_page(request.GET.get("page"))
    layout = layout_of(request)
    cards = listed_cards(
        request,
        [(one.server, None if chosen.is_as_listed else one.snapshots) for one in page],
        shows_token=len(readings) > 1 and chosen.group != "token",
        template=SERVER_TEMPLATES[layout],
    )
    troubles = _troubles(readings)
    moments = [reading.confirmed_at for _token, reading in readings if reading.confirmed_at]
    return {
        "sections": sections(list(page), cards, chosen.group),
        "layout": layout,
        "server_template": SERVER_TEMPLATES[layout],
        "heads": heads(request, chosen) if layout else (),
        "has_picks": any(card.has_picks for card in cards),
        "has_protected": any(card.has_protected for card in cards),
        "labels": row_labels(),
        "page": page,
        "previous_url": _page_url(request, page.previous_page_number()) if page.has_previous() else "",
        "next_url": _page_url(request, page.next_page_number()) if page.has_next() else "",
        "shown": _shown_text(found),
        "troubles": troubles,
        "servers_troubles": _servers_troubles(readings),
        "is_known": bool(moments) and all(reading.is_complete for _token, reading in readings),
        "is_filtered": not chosen.is_all,
        "highlight": HIGHLIGHTS.get(chosen.show),
        "confirmed_at": min(moments, default=None),
        "old_from": old_from(min(moments, default=None)),
        "blind": [token.label for token, reading in readings if reading.is_known and reading.hides_servers],
        "poll_url": request.get_full_path(),
        "poll_seconds": min((trouble.reading.poll_seconds for trouble in troubles), default=0),
    }


def _choices(servers: list[ListedServer]) -> list[tuple[str, str]]:
    """Choices of the server filter, by name; with the ID where names look the same."""
    names = {one.server_id: one.name for one in servers}
    seen = Counter(visible_name(name) for name in names.values())
    choices = [
        (str(server_id), f"{name} ({id_text(server_id)})" if seen[visible_name(name)] > 1 else name)
        for server_id, name in names.items()
    ]
    return sorted(choices, key=lambda one: one[1].casefold())


def _overview_context(request: HttpRequest, overview: Overview, chosen: ServerFilter) -> dict[str, Any]:
    kept = {name: request.GET[name] for name in STAYING if request.GET.get(name)}
    links, next_runs = overview.links(chosen.show, kept), overview.next_runs
    return {
        "highlights": links,
        "next_runs": next_runs,
        "overview_key": kept_html.key_of("overview", links, next_runs),
    }


def front_page(view: View[P]) -> View[P]:
    """Redirect whoever may see no servers to their own first page: the front page is the address that everybody is given.

    Only a part of it that an open page asks for is refused, and recorded, as elsewhere.
    """

    @wraps(view)
    def opened(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        is_page = request.method in {"GET", "HEAD"} and not getattr(request, "htmx", False)
        if is_page and request.user.is_authenticated and not may_open(request.user, "snapshots.see"):
            return redirect(home_url(request.user))
        return view(request, *args, **kwargs)

    return cast("View[P]", opened)


@front_page
@polls.answers_unchanged
@requires("snapshots.see", "GET", "HEAD")
def server_list(request: HttpRequest) -> HttpResponse:
    """The servers of all own tokens; for htmx only the results below the filter.

    An open page whose last token, or the token that it filters by, is gone is loaded again: its filter is not true any more.
    """
    tokens = own_tokens(request.user)
    token_id = request.GET.get("token", "")
    is_chosen_gone = bool(token_id) and all(one.pk != token_id for one in tokens)
    if request.htmx and (not tokens or is_chosen_gone):  # type: ignore[attr-defined]
        return HttpResponseClientRefresh()
    if not tokens:
        return render(request, "servers/no_token.html")
    readings = read_and_reconcile_all(tokens, max_age=polls.max_age(request))
    servers = [one for token, reading in readings for one in listed_servers(token, reading)]
    choices = {"servers": _choices(servers), "tokens": [(token.pk, token.label) for token in tokens]}
    form = SimpleLazyObject(partial(ServerFilterForm, request.GET, **choices))
    chosen, token_id = ServerFilter(), ""
    if is_filtered(request.GET):
        token_id = form.chosen("token")
        chosen = ServerFilter(*(form.chosen(name) for name in FILTERS))
    overview = make_overview(request, readings, servers)
    found = find(
        (
            one
            for one in servers
            if (not token_id or one.token.pk == token_id)
            and (not chosen.show or one.server_id in overview.servers[chosen.show])
        ),
        chosen,
    )
    form_key = key_of_form(request.GET, **choices)
    context = (
        _results(request, readings, found, chosen)
        | _overview_context(request, overview, chosen)
        | {
            "form": form,
            "form_key": form_key,
            "swaps_form": polls.offers_other(request, form_key),
            "version": polls.version(request, readings, is_moving=False, form=form_key),
            "has_servers": bool(servers),
            "role_note": role_note(request.user),
            "may_create": may_anywhere(request.user, "snapshots.create"),
            "may_delete": may_delete_any(request.user),
        }
    )
    if request.htmx:  # type: ignore[attr-defined]
        response = render(request, "servers/_results.html", context)
        if request.htmx.trigger == "filter":  # type: ignore[attr-defined]
            return trigger_client_event(response, "announce", {"text": context["shown"]})
        return response
    return render(request, "servers/server_list.html", context)
