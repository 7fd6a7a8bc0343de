"""Which browser somebody uses, in words, and whether the person has signed in with it before."""

import hashlib
import re
import secrets
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from snapportal.accounts import cookies
from snapportal.accounts.models import User
from snapportal.accounts.session_models import KnownDevice

KEPT: Final = 50
"""Devices of a person; the one that was not seen for longest is forgotten."""
COOKIE_SECONDS: Final = 400 * 24 * 3600
"""The longest that browsers keep a cookie."""
_BROWSERS: Final = (
    ("Edge", r"Edg(e|A|iOS)?/"),
    ("Opera", r"OPR/"),
    ("Samsung Internet", r"SamsungBrowser/"),
    ("Firefox", r"Firefox/|FxiOS/"),
    ("Chrome", r"Chrome/|CriOS/"),
    ("Safari", r"Safari/"),
    ("curl", r"\Acurl/"),
)
_SYSTEMS: Final = (
    ("Windows", r"Windows"),
    ("Android", r"Android"),
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("macOS", r"Mac OS X|Macintosh"),
    ("ChromeOS", r"CrOS"),
    ("Linux", r"Linux|X11"),
)
"""In this order: most browsers name others too."""


def device_name(user_agent: str) -> str:
    """Such as 'Firefox, Linux'; '' if nothing is recognised. Of what a browser says of itself, so it proves nothing."""
    found = [_first(_BROWSERS, user_agent), _first(_SYSTEMS, user_agent)]
    return ", ".join(one for one in found if one)


def _first(names: tuple[tuple[str, str], ...], text: str) -> str:
    return next((name for name, pattern in names if re.search(pattern, text)), "")


def _cookie_name() -> str:
    return f"{settings.COOKIE_PREFIX}device"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def note_sign_in(request: HttpRequest, person: User) -> bool:
    """Remember the browser for this person. True if it is a new one, and not the person's first."""
    text = request.COOKIES.get(_cookie_name(), "") or secrets.token_urlsafe(24)
    request.device_cookie = text  # type: ignore[attr-defined]
    known = KnownDevice.objects.filter(person=person)
    now = timezone.now()
    if known.filter(digest=_digest(text)).update(seen_at=now):
        return False
    has_others = known.exists()
    KnownDevice.objects.create(person=person, digest=_digest(text), seen_at=now)
    for old in known.order_by("-seen_at")[KEPT:]:
        old.delete()
    return has_others


def set_cookie(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """After `note_sign_in`: the browser is known from now on."""
    cookie = request.device_cookie  # type: ignore[attr-defined]
    cookies.set_cookie(response, _cookie_name(), cookie, max_age=COOKIE_SECONDS)
    return response
