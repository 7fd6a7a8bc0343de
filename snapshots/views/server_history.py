"""A server's history in pictures, on its own page: the server's page is made anew all the time, and costs nothing more."""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from snapshots.connection import own_token_or_404
from snapshots.operations.server_views import ServerView, server_view_or_404
from snapshots.views import polls
from snapshots.views.access import requires
from snapshots.views.pictures.durations import make_durations
from snapshots.views.pictures.periods import asked_days, days_since, periods
from snapshots.views.pictures.server_facts import MOST, oldest_shown, server_facts
from snapshots.views.pictures.sizes import make_sizes
from snapshots.views.pictures.timeline import make_timeline

DAYS: Final = (7, 30, 90, 365)


@requires("snapshots.see", "GET", "HEAD")
def server_history(request: HttpRequest, token_id: str, server_id: int) -> HttpResponse:
    token = own_token_or_404(request.user, token_id)
    view = server_view_or_404(token, server_id, max_age=polls.REFRESH_SECONDS[False])
    days = asked_days(request, DAYS) or _fitting_days(request, view)
    facts = server_facts(request.user, view, days)
    context = {
        "view": view,
        "facts": facts,
        "most": MOST,
        "periods": periods(request, DAYS, days),
    }
    if not facts.is_empty:
        context |= {
            "timeline": make_timeline(facts),
            "sizes": make_sizes(facts),
            "durations": make_durations(facts),
        }
    return render(request, "pictures/server_history.html", context)


def _fitting_days(request: HttpRequest, view: ServerView) -> int:
    """The period of who chose none: no longer than what there is to show."""
    return days_since(oldest_shown(request.user, view, DAYS[-1]), timezone.now(), DAYS)
