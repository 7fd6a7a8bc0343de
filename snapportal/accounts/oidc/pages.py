"""The page that leads to the identity provider, and the one that says why a sign-in came to nothing."""

import structlog
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from snapportal.accounts.oidc import flows
from snapportal.accounts.oidc.errors import SignOnError
from snapportal.accounts.oidc.flows import Begun
from snapportal.accounts.oidc.provider import configured
from snapportal.accounts.oidc.texts import TEXTS

log = structlog.get_logger("snapportal.single_sign_on")


def check_is_on() -> None:
    if settings.SNAPPORTAL_OIDC is None:
        raise Http404("no identity provider is configured")


def offers_password() -> bool:
    return bool(settings.SNAPPORTAL_PASSWORD_SIGN_IN or settings.SNAPPORTAL_BREAK_GLASS)


def leave(request: HttpRequest, begun: Begun) -> HttpResponse:
    """A page that goes on to the identity provider by itself: a redirect of a form to another site is what the
    Content-Security-Policy forbids (form-action)."""
    response = render(request, "accounts/sso_leaving.html", {"url": begun.url, "name": configured().name})
    response["Refresh"] = f"0; url={begun.url}"
    return flows.store_cookie(response, begun)


def failed(
    request: HttpRequest, error: SignOnError, wanted: str = "", *, is_confirming: bool = False
) -> HttpResponse:
    """The page that says why, and how to go on."""
    log.warning("single_sign_on.failed", code=error.code, detail=error.detail)
    context = {
        "text": TEXTS[error.code],
        "next": wanted,
        "is_confirming": is_confirming,
        "offers_password": offers_password(),
        "has_passwords": settings.SNAPPORTAL_PASSWORD_SIGN_IN,
        "status": error.status,
        "request_id": getattr(request, "id", ""),
    }
    return render(request, "accounts/sso_failed.html", context, status=error.status)
