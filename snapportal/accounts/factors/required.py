"""Whoever's role needs a second factor opens nothing before it was given: only the pages on which it is set up, or asked for.

Nothing is written to the log: the person is on the way, and every page in between would be a row. API keys have no session, and
are not asked.
"""

from collections.abc import Callable
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from snapportal.accounts.factors import service
from snapportal.accounts.models import User
from snapshots.views import errors

GET_READY: Final = "factor_list"
CONFIRM: Final = "factor_confirm"
OPEN: Final = {
    GET_READY: frozenset({"factor_list", "authenticator_set_up", "passkey_add", "sign_out"}),
    CONFIRM: frozenset({"factor_confirm", "sign_out"}),
}
"""Which pages are open for somebody who has no factor yet, and for somebody whose session began without it."""


class SecondFactorMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        if getattr(view, "access", "") in {"public", "api_key"}:
            return None
        try:
            return _lead_away(request) if lacks_factor(request) else None
        except DatabaseError:  # only what a view raises reaches FailureMiddleware
            return errors.unavailable(request)


def _lead_away(request: HttpRequest) -> HttpResponse | None:
    """None for the pages that are open."""
    assert isinstance(request.user, User)
    page = CONFIRM if service.has_any(request.user) else GET_READY
    match = request.resolver_match
    if match is not None and match.url_name in OPEN[page]:
        return None
    if getattr(request, "htmx", False):
        return HttpResponseClientRedirect(reverse(page))
    return redirect(page)


def lacks_factor(request: HttpRequest) -> bool:
    """Whether the person's role needs a second factor, and this session began without one."""
    # Before anything is read: polls are answered without a query.
    if not settings.SNAPPORTAL_REQUIRE_SECOND_FACTOR:
        return False
    person = request.user
    if not isinstance(person, User) or not service.is_required(person):
        return False
    row = getattr(request.session, "row", None)
    return row is None or not row.has_second_factor
