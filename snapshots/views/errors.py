"""Error pages, and error fragments for htmx: what happened, what it means, what to do next."""

import sys
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, TooManyFieldsSent
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.urls import reverse

from snapshots.audit.journal import JournalUnavailableError
from snapshots.views import look
from snapshots.views.form_pages import page_of_form
from snapshots.views.support import configured
from snapshots.views.texts import failures
from snapshots.views.texts.failures import (
    BAD_REQUEST,
    CSRF,
    FORBIDDEN,
    NO_PROOF,
    NO_RECEIPT,
    NOT_ALLOWED,
    NOT_FOUND,
    RIGHTS_CHANGED,
    SERVER_ERROR,
    TOO_LARGE,
    UNAVAILABLE,
    Failure,
    outside_base_path,
)


class RightsChangedError(PermissionDenied):
    """The person had the permission when the request began, and no longer just before the write."""


JSON_CODES: Final = {
    400: "invalid",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    500: "internal_error",
    503: "unavailable",
}
"""Of errors of the API that are answered outside its views."""


def _render(
    request: HttpRequest, failure: Failure, *, framed: bool, ask_url: str = "", back_url: str = ""
) -> HttpResponse:
    """`framed` pages show the person's navigation, which needs the database; the others must work while it is down.

    `ask_url`: where the person can ask for the right that is missing. `back_url`: the page where the same can be tried again.
    """
    if _is_of_api(request):
        return _as_json(failure)
    is_fragment = bool(getattr(request, "htmx", False))
    if framed:
        look.use_persons(request)
    request.live = None  # type: ignore[attr-defined] # it is not the page that would ask for news of itself
    template = "errors/_error.html" if is_fragment else "errors/error.html"
    context = {
        "failure": failure,
        "request_id": getattr(request, "id", ""),
        "ask_url": ask_url,
        "back_url": back_url,
        "look": getattr(request, "look", None),
    }
    if not framed:  # else the context of every page says whom this person can ask
        context["support"] = configured()
    body = render_to_string(template, context, request if framed else None)
    return HttpResponse(body, status=failure.status)


def _is_of_api(request: HttpRequest) -> bool:
    return f"{request.path}/".startswith(f"{settings.SNAPPORTAL_BASE_PATH}api/")


def _as_json(failure: Failure) -> HttpResponse:
    """For scripts: what is refused before a view of the API is called, or fails in it, is JSON as its other errors."""
    answer = {
        "detail": f"{failure.title}. {failure.meaning} {failure.done}",
        "code": JSON_CODES[failure.status],
    }
    return JsonResponse(answer, status=failure.status)


def unavailable(request: HttpRequest) -> HttpResponse:
    """503: the database or the audit log cannot be used. Touches neither."""
    return _render(request, UNAVAILABLE, framed=False)


def no_proof(request: HttpRequest) -> HttpResponse:
    return _render(request, NO_PROOF, framed=True)


def no_receipt(request: HttpRequest) -> HttpResponse:
    return _render(request, NO_RECEIPT, framed=True)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    is_large = isinstance(exception, RequestDataTooBig | TooManyFieldsSent) and not _is_of_api(request)
    return _render(request, TOO_LARGE if is_large else BAD_REQUEST, framed=_has_person(request))


def not_allowed(request: HttpRequest, methods: Sequence[str], *, framed: bool) -> HttpResponse:
    """405, with the methods that the page takes."""
    response = _render(request, NOT_ALLOWED, framed=framed)
    response["Allow"] = ", ".join(methods)
    return response


def too_many_attempts(request: HttpRequest, minutes: int) -> HttpResponse:
    """429, with the page on which it can be tried again: after a sign-in, on to the page that was wanted."""
    back_url, wanted = page_of_form(request), request.POST.get("next", "")
    if wanted and "?" not in back_url:
        back_url += f"?{urlencode({'next': wanted})}"
    response = _render(request, failures.too_many_attempts(minutes), framed=True, back_url=back_url)
    response["Retry-After"] = str(minutes * 60)
    return response


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, RightsChangedError):
        return _render(request, RIGHTS_CHANGED, framed=True)
    return _render(request, FORBIDDEN, framed=True, ask_url=_ask_url(request, str(exception)))


def _ask_url(request: HttpRequest, permission: str) -> str:
    """The form that asks for a temporary role, if one could give the right; '' else."""
    could_give = getattr(request.user, "could_be_lent", None)
    if could_give is None or not could_give(permission):
        return ""
    server_id = request.resolver_match.kwargs.get("server_id") if request.resolver_match else None
    return reverse("temporary_role_add") + (f"?server={server_id}" if server_id else "")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not request.path.startswith(settings.SNAPPORTAL_BASE_PATH):
        return _render(request, outside_base_path(settings.SNAPPORTAL_BASE_PATH), framed=False)
    return _render(request, NOT_FOUND, framed=True)


def server_error(request: HttpRequest) -> HttpResponse:
    """500; 503 when the database failed where no view was running, as in the session's own middleware."""
    if isinstance(sys.exc_info()[1], DatabaseError | JournalUnavailableError):
        return unavailable(request)
    return _render(request, SERVER_ERROR, framed=False)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _render(request, CSRF, framed=_has_person(request))


def _has_person(request: HttpRequest) -> bool:
    """Whether the middleware came so far that it is known who it is, or that nobody is signed in."""
    return hasattr(request, "user")
