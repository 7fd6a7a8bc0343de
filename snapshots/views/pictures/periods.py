"""The choice of a period on pages with pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import HttpRequest
from django.utils.translation import ngettext

NAME = "days"


@dataclass(frozen=True)
class Period:
    text: str
    url: str
    is_chosen: bool


def chosen_days(request: HttpRequest, offered: Sequence[int], usual: int) -> int:
    """The period in the query string if it is offered, or the usual one."""
    return asked_days(request, offered) or usual


def asked_days(request: HttpRequest, offered: Sequence[int]) -> int | None:
    """The period in the query string if it is offered."""
    text = request.GET.get(NAME, "")
    return next((days for days in offered if text == str(days)), None)


def days_since(oldest: datetime | None, now: datetime, offered: Sequence[int]) -> int:
    """The shortest period that has all since then, or the longest one."""
    reaching = (days for days in offered if oldest is None or oldest >= now - timedelta(days=days))
    return next(reaching, offered[-1])


def periods(request: HttpRequest, offered: Sequence[int], chosen: int) -> list[Period]:
    """Links to the same page with each period; the rest of the query string stays."""
    found = []
    for days in offered:
        query = request.GET.copy()
        query[NAME] = str(days)
        text = ngettext("%d day", "%d days", days) % days
        found.append(Period(text, f"?{query.urlencode()}", days == chosen))
    return found
