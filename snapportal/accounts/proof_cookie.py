"""The cookie that a browser gets when its person proves in it who it is.

A session that was stolen before that proof has the session's cookie and not this one, so the proof is none in the thief's hands.
The session's own key stays as it is meanwhile: pages that are open name it (X-Session), and what was signed for it still holds.
"""

import hashlib
import secrets

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.crypto import constant_time_compare

from snapportal.accounts import cookies


def _name() -> str:
    return f"{settings.COOKIE_PREFIX}proof"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def renew(request: HttpRequest) -> str:
    """Let the response set a new cookie. Returns its digest; the one before is worth nothing as soon as that is stored."""
    text = secrets.token_urlsafe(32)
    request.proof_cookie = text  # type: ignore[attr-defined]
    return _digest(text)


def fits(request: HttpRequest, digest: str) -> bool:
    """Whether the browser that sent this gave the session's last proof. The sign-in itself (no digest) gave it the session."""
    return not digest or constant_time_compare(digest, _digest(request.COOKIES.get(_name(), "")))


def set_cookie(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    text = getattr(request, "proof_cookie", "")
    if text:
        cookies.set_cookie(response, _name(), text, max_age=settings.SNAPPORTAL_STEP_UP_MINUTES * 60)
    return response
