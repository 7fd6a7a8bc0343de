"""A server's history in pictures, on its own page: the server's page is made anew all the time, and costs nothing more."""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from snapshots.connection import own_token_or_404
from snapshots.operations.server_views import server_view_or_404
from snapshots.views import polls
from snapshots.views.access import requires
from snapshots.views.pictures.durations import make_durations
from snapshots.views.pictures.periods import chosen_days, periods
from snapshots.views.pictures.server_facts import MOST, server_facts
from snapshots.views.pictures.sizes import make_sizes
from snapshots.views.pictures.timeline import make_timeline

DAYS: Final = (30, 90, 365)
USUAL_DAYS: Final = 90


@requires("snapshots.see", "GET", "HEAD")
def server_history(request: HttpRequest, token_id: str, server_id: int) -> HttpResponse:
    token = own_token_or_404(request.user, token_id)
    view = server_view_or_404(token, server_id, max_age=polls.REFRESH_SECONDS[False])
    days = chosen_days(request, DAYS, USUAL_DAYS)
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
