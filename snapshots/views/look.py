"""How the portal looks to somebody: language, theme, density, time zone, layout of the servers; and keyboard shortcuts.

Of each, the person's own choice holds, else the browser's (a cookie, which a browser keeps that nobody is signed in with), else
what the browser asks for, else the setting SNAPPORTAL_LANGUAGE.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone, translation
from django.utils.translation.trans_real import parse_accept_lang_header

from snapshots.schedules.recurrence import zones

THEMES: Final = ("light", "dark")
DENSITIES: Final = ("compact",)
SHORTCUTS: Final = ("off",)
SERVER_LAYOUTS: Final = ("table",)
FIELDS: Final = ("language", "theme", "density", "time_zone", "shortcuts", "server_layout")
SEPARATOR: Final = "|"
HEADER: Final = "X-Look"
"""The look of the page that asks for a part of itself (static/polls.js)."""
LONGEST_HEADER: Final = 200
OLD_CODES: Final = {"iw": "he", "ji": "yi"}
"""What languages were called, and still are by some browsers."""


@dataclass(frozen=True)
class Look:
    """An empty text is no choice: the system's theme, the browser's time zone, the comfortable density, shortcuts, cards."""

    language: str = ""
    theme: str = ""
    density: str = ""
    time_zone: str = ""
    shortcuts: str = ""
    server_layout: str = ""

    def over(self, other: "Look") -> "Look":
        """This one, with what the other one chose where this one chose nothing."""
        return Look(*(getattr(self, name) or getattr(other, name) for name in FIELDS))

    @property
    def text(self) -> str:
        """For the cookie; read by `parse`."""
        return SEPARATOR.join(getattr(self, name) for name in FIELDS)


def checked(**values: str) -> Look:
    """Without what the portal does not offer, or does not any more."""
    offered = _offered()
    return Look(**{name: value for name, value in values.items() if value in offered[name]})


@lru_cache(maxsize=1)
def _offered() -> dict[str, frozenset[str]]:
    return {
        "language": frozenset(code for code, _name in settings.LANGUAGES),
        "theme": frozenset(THEMES),
        "density": frozenset(DENSITIES),
        "time_zone": frozenset(zones()),
        "shortcuts": frozenset(SHORTCUTS),
        "server_layout": frozenset(SERVER_LAYOUTS),
    }


@lru_cache(maxsize=256)
def parse(text: str) -> Look:
    """What a browser's cookie says, which anybody may have written. One of an earlier version has fewer fields."""
    parts = text.split(SEPARATOR)
    return checked(**dict(zip(FIELDS, parts, strict=False))) if len(parts) <= len(FIELDS) else Look()


@lru_cache(maxsize=256)
def first_offered(header: str) -> str:
    """The first language of Accept-Language that the portal has; '' if there is none."""
    codes = {code: code for code, _name in settings.LANGUAGES} | OLD_CODES
    for asked, _weight in parse_accept_lang_header(header):
        code = codes.get(re.split("[-_]", asked)[0].lower())
        if code:
            return code
    return ""


def of_request(request: HttpRequest) -> Look:
    """What is known without knowing who it is. A part of an open page looks as the page does, whatever was chosen meanwhile."""
    page = request.headers.get(HEADER, "")
    chosen = parse(page or request.COOKIES.get(settings.LOOK_COOKIE_NAME, ""))
    return chosen.over(Look(language=_asked_language(request)))


def _asked_language(request: HttpRequest) -> str:
    header = request.headers.get("Accept-Language", "")[:LONGEST_HEADER]
    return first_offered(header) or str(settings.SNAPPORTAL_LANGUAGE)


def of_person(person: Any) -> Look:
    """What the person has chosen."""
    return checked(**{name: getattr(person, name, "") for name in FIELDS})


def use(request: HttpRequest, look: Look) -> None:
    """Show the rest of the request in this way."""
    request.look = look  # type: ignore[attr-defined]
    translation.activate(look.language)
    if look.time_zone:
        timezone.activate(ZoneInfo(look.time_zone))
    else:
        timezone.deactivate()


def use_persons(request: HttpRequest) -> None:
    """Show the rest of the request as the person who is signed in has chosen, unless it is for a part of an open page."""
    if HEADER not in request.headers and request.user.is_authenticated:
        use(request, of_person(request.user).over(of_request(request)))
