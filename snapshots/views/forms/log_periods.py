"""Periods of the audit log's filter that move on with the calendar: a saved filter with fixed days is useless next month.

Days are days in UTC, both included.
"""

from collections.abc import Callable
from datetime import UTC, date, timedelta
from typing import TYPE_CHECKING, Final

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

Days = tuple[date, date]


def _newest(number: int) -> Callable[[date], Days]:
    return lambda today: (today - timedelta(days=number - 1), today)


def _this_month(today: date) -> Days:
    return today.replace(day=1), today


def _last_month(today: date) -> Days:
    last = today.replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last


PERIODS: Final[dict[str, tuple["StrPromise", Callable[[date], Days]]]] = {
    "today": (_("Today"), _newest(1)),
    "7-days": (_("The last 7 days"), _newest(7)),
    "30-days": (_("The last 30 days"), _newest(30)),
    "this-month": (_("This month"), _this_month),
    "last-month": (_("Last month"), _last_month),
}
"""Value in the address → its name, and which days it means on a day."""


def days_of(period: str) -> Days:
    """The first and the last day that it means now."""
    return PERIODS[period][1](timezone.now().astimezone(UTC).date())
