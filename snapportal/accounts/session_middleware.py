"""Stores when a person was last seen, so that a session of somebody who has left ends."""

from collections.abc import Callable

import structlog
from django.db import DatabaseError
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from snapportal.accounts.session_service import note_seen
from snapshots.views.access import is_poll

log = structlog.get_logger("snapportal.sessions")


class SeenMiddleware:
    """What a page asks by itself, such as a poll, does not say that somebody is there."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        row = getattr(request.session, "row", None)
        if row is not None and not is_poll(request):
            try:
                note_seen(row)
            except DatabaseError as error:  # a page that only reads must work while nothing can be written
                log.warning("session.not_noted", error=type(error).__name__)
        return response
