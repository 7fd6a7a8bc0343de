"""Polls of what has not changed: 204, without the session, the person, a query of operations, or a template.

A polled element carries the version of what it shows: the newest row of the audit log when it was made, and the version of
each list. Every change through the portal writes a row, also one of a person's rights, and every change at the provider
gives the cached list another version. static/app.js sends the version with the next poll. It is
signed for one session: whoever presents it was let in with these rights when it was made.
"""

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import wraps
from typing import Concatenate, Final, ParamSpec, TypeVar, cast

import msgspec
from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from snapshots.audit import queries
from snapshots.inventory import readings
from snapshots.inventory.readings import POLL_SECONDS, Reading
from snapshots.templatetags.portal import iso_text
from snapshots.vault.models import StoredToken
from snapshots.views.access import VERSION_HEADER

P = ParamSpec("P")
T = TypeVar("T", bound=msgspec.Struct)
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

CONFIRMED_HEADER: Final = "X-Confirmed"
REFRESH_SECONDS: Final = {False: 55.0, True: POLL_SECONDS * 7 / 8}
"""How old lists get before a poll reads them again, by whether anything is in progress: then a little less than the interval
of polls, so that each of a single page reads."""
MAX_AGE_SECONDS: Final = {False: 300.0, True: 30.0}
"""After what time an element is made again, whatever its version: texts such as "takes longer than usual" depend on the time
alone, and the session may have ended."""
QUIET_ACTIONS: Final = frozenset(
    {"access.refuse", "audit.anchor", "audit.export", "audit.verify", "person.sign_in", "person.sign_out"}
)
"""Rows of the log that change nothing that a polled element shows."""


class Version(msgspec.Struct, array_like=True, frozen=True):
    """What an element shows. `lists`: fingerprint of a token → version of its lists. Times in seconds since the epoch.

    `form`: key of what the filter around it offers.
    """

    row: int
    made_at: float
    is_moving: bool
    lists: dict[str, str]
    form: str = ""


def answers_unchanged(view: View[P]) -> View[P]:
    """Answer a poll whose version still holds with 204 and the time of the lists; else let the view answer."""

    @wraps(view)
    def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        shown = read(request, Version)
        confirmed_at = _confirmed_at(shown) if shown else None
        if confirmed_at:
            return HttpResponse(status=204, headers={CONFIRMED_HEADER: iso_text(confirmed_at)})
        request.shown = shown  # type: ignore[attr-defined]
        row_before(request)
        return view(request, *args, **kwargs)

    return cast("View[P]", answer)


def row_before(request: HttpRequest) -> int | None:
    """The newest row of the log when this was first asked for: by a decorator, before the view reads anything."""
    if not hasattr(request, "row_before"):
        request.row_before = queries.newest_sequence()  # type: ignore[attr-defined]
    row: int | None = request.row_before  # type: ignore[attr-defined]
    return row


def version(
    request: HttpRequest, found: Iterable[tuple[StoredToken, Reading]], *, is_moving: bool, form: str = ""
) -> str:
    """The version of an element that shows these readings, for its data-version; '' if each poll must be answered in full.

    Only for views with `answers_unchanged`, which notes the newest row of the log before anything is read.
    """
    lists = {token.fingerprint: "" if reading.is_stale else reading.version for token, reading in found}
    row = row_before(request)
    if row is None or not all(lists.values()):
        return ""
    shown = Version(
        row=row,
        made_at=time.time(),
        is_moving=is_moving,
        lists=lists,
        form=form,
    )
    return sign(request, shown)


def offers_other(request: HttpRequest, form: str) -> bool:
    """Whether the open page, which polls, has a filter that does not offer what this one does."""
    shown: Version | None = request.shown  # type: ignore[attr-defined]
    return shown is not None and shown.form != form


def max_age(request: HttpRequest) -> float:
    """How old lists may be that a poll shows: as old as they get while nothing is made anew. 0 for whoever opens the page."""
    shown: Version | None = getattr(request, "shown", None)
    return REFRESH_SECONDS[shown.is_moving] if shown else getattr(request, "list_age", 0.0)


def sign(request: HttpRequest, shown: msgspec.Struct) -> str:
    """The version of an element, for its data-version."""
    return _signer(request, type(shown)).sign(msgspec.json.encode(shown).decode())


def read(request: HttpRequest, kind: type[T]) -> T | None:
    """The version that the poll names; None without one, and for one that was not signed for this session."""
    text = request.headers.get(VERSION_HEADER, "")
    if not text:
        return None
    try:
        return msgspec.json.decode(_signer(request, kind).unsign(text), type=kind)
    except (BadSignature, msgspec.DecodeError):
        return None


def _signer(request: HttpRequest, kind: type[msgspec.Struct]) -> Signer:
    """Signs for the request's session: the version of another session is not accepted."""
    return Signer(salt=f"poll:{kind.__name__}:{request.COOKIES.get(settings.SESSION_COOKIE_NAME, '')}")


def _confirmed_at(shown: Version) -> datetime | None:
    """When the lists were confirmed last, if the element still shows what is there; None if it must be made again."""
    now = time.time()
    if not shown.made_at <= now <= shown.made_at + MAX_AGE_SECONDS[shown.is_moving]:
        return None
    heads = readings.load_heads(shown.lists)
    if any(fingerprint not in heads for fingerprint in shown.lists):
        return None
    confirmed_at = min(head.confirmed_at for head in heads.values())
    is_due = not confirmed_at <= now < confirmed_at + REFRESH_SECONDS[shown.is_moving]
    if is_due or any(heads[key].version != of for key, of in shown.lists.items()):
        return None
    if queries.has_newer(shown.row, besides=QUIET_ACTIONS):
        return None
    return datetime.fromtimestamp(confirmed_at, UTC)
