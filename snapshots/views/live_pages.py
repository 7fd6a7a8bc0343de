"""Pages that show what changed without being loaded again.

Such a page carries a version, as polled elements do (see polls): the newest row of the audit log when it was made. An open page
asks every five seconds (static/polls.js), and gets 204 while no row is newer; else the page is made again, and
the browser changes only what differs.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Final, ParamSpec, cast

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django_htmx.http import HttpResponseClientRefresh

from snapshots.audit import queries
from snapshots.views import polls
from snapshots.views.access import is_poll
from snapshots.views.polls import View

P = ParamSpec("P")

MAX_AGE_SECONDS: Final = 60.0
"""After what time a page is made again in any case: sessions expire, and ends of periods depend on the time alone."""
RESTING_SECONDS: Final = 3600.0
"""The same for pages whose moving part polls by itself."""
AGE_OF_LISTS_SECONDS: Final = polls.REFRESH_SECONDS[False]


class PageVersion(msgspec.Struct, array_like=True, frozen=True):
    """What a page shows. `made_at` in seconds since the epoch."""

    row: int
    made_at: float


def page_version(request: HttpRequest, row: int) -> str:
    """Of what is made now; `row` was the newest one before anything was read."""
    return polls.sign(request, PageVersion(row, time.time()))


@dataclass(frozen=True)
class LivePage:
    """What base.html needs. `follows`: the page does not ask by itself, but when an element in it shows something new."""

    version: str
    follows: bool


def live(*, max_age: float = MAX_AGE_SECONDS, follows: bool = False) -> Callable[[View[P]], View[P]]:
    """Outermost decorator of a page without a form that somebody fills in at length.

    `max_age`: after how many seconds it is made again although the log has no newer row.
    """

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if request.method != "GET":
                return view(request, *args, **kwargs)
            shown = polls.read(request, PageVersion)
            if shown and _still_holds(shown, max_age):
                return HttpResponse(status=204)
            row = polls.row_before(request)
            if row is not None:
                request.live = LivePage(page_version(request, row), follows)  # type: ignore[attr-defined]
            request.list_age = AGE_OF_LISTS_SECONDS if shown else 0.0  # type: ignore[attr-defined]
            try:
                return view(request, *args, **kwargs)
            except Http404:
                if is_poll(request):  # what the page is about is gone, and so is all that it shows
                    return HttpResponseClientRefresh()
                raise

        return cast("View[P]", answer)

    return decorate


def _still_holds(shown: PageVersion, max_age: float) -> bool:
    if not shown.made_at <= time.time() <= shown.made_at + max_age:
        return False
    return not queries.has_newer(shown.row, besides=polls.QUIET_ACTIONS)
