"""The cards of a list. Those on which nothing is in progress, most of most lists, are kept as HTML until that changes.

The key of a kept card has all that `make_card` and its template read for such a card; a card for which they read more is not
at rest.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

from snapshots.contract import Snapshot
from snapshots.deletions.queries import waiting_in
from snapshots.inventory.clocks import clocks_differ
from snapshots.inventory.servers import ListedServer
from snapshots.operations.rights import may
from snapshots.operations.server_views import ServerView, deletable_ids, join
from snapshots.templatetags.portal import age_holds
from snapshots.views import kept_html, polls
from snapshots.views.cards import Card, make_card
from snapshots.views.rows import row_labels

LONGEST: Final = timedelta(hours=1)


@dataclass(frozen=True)
class RestingCard:
    """What a list shows of a card at rest. `has_picks`, `has_protected`: Card's."""

    html: SafeString
    has_picks: bool
    has_protected: bool


def listed_cards(
    request: HttpRequest,
    servers: Iterable[tuple[ListedServer, tuple[Snapshot, ...] | None]],
    *,
    shows_token: bool,
    template: str,
) -> list[Card | RestingCard]:
    """For each server its card, which shows these of its snapshots in this order, None for all; `template` is the layout's."""
    listed = list(servers)
    views = join([server for server, _shown in listed])
    planned = waiting_in(views)
    return [
        resting_card(view, request.user, shown=shown, shows_token=shows_token, template=template)
        if is_resting(view, planned)
        else polled_card(request, view, shown=shown, shows_token=shows_token, planned=planned)
        for view, (_server, shown) in zip(views, listed, strict=True)
    ]


def polled_card(request: HttpRequest, view: ServerView, **options: Any) -> Card:
    """The card (see make_card) with the version that it polls with, if it does."""
    card = make_card(view, request.user, **options)
    if not card.poll_url:
        return card
    found = [(view.token, view.reading)]
    return replace(card, version=polls.version(request, found, is_moving=card.poll_seconds > 0))


def is_resting(view: ServerView, planned: Collection[tuple[int, int]]) -> bool:
    """Whether neither the server nor its snapshots change by themselves, no operation has just ended, no deletion waits, and
    the list is fresh and whole."""
    return not (
        view.operations
        or view.is_moving
        or view.is_held
        or view.reading.is_stale
        or not view.reading.is_complete
        or clocks_differ(view.reading)
        or any((view.server_id, one.id) in planned for one in view.snapshots)
    )


def resting_card(
    view: ServerView,
    user: AbstractBaseUser | AnonymousUser,
    *,
    shown: tuple[Snapshot, ...] | None,
    shows_token: bool,
    template: str,
) -> RestingCard:
    """The card in a list of a server that `is_resting`; the options are make_card's."""

    def make() -> RestingCard:
        card = make_card(view, user, shown=shown, shows_token=shows_token, planned={})
        html = render_to_string(template, {"card": card, "labels": row_labels()})
        return RestingCard(SafeString(html), card.has_picks, card.has_protected)

    key = kept_html.key_of(
        "card",
        template,
        [may(user, f"snapshots.{verb}", view) for verb in ("create", "restore")],
        sorted(deletable_ids(user, view)),
        view.token.pk,
        view.token.label if shows_token else "",
        (view.server_id, view.name, view.server, view.is_gone, view.limit),
        view.snapshots,
        None if shown is None else [one.id for one in shown],
        sorted(view.protected_ids),
    )
    return kept_html.keep(key, make, at_most=_ages_hold(view))


def _ages_hold(view: ServerView) -> timedelta:
    """For how long all ages that the card shows stay the same text."""
    now = timezone.now()
    ages = [now - one.created_at for one in view.snapshots if one.created_at]
    return min([age_holds(age) for age in ages], default=LONGEST)
