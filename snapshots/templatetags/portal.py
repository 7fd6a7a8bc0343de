"""Formatting of times, ages, sizes and icons, as template tags and as functions for rows prepared in Python."""

from datetime import datetime, timedelta
from functools import lru_cache

from django import template
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from snapshots.inventory.clocks import is_ahead
from snapshots.inventory.names import visible_name

register = template.Library()

MEGABYTES_PER_GIGABYTE = 1024
NOTHING = "—"


def utc_text(value: datetime) -> str:
    """'24 Nov 2026, 17:30 UTC'."""
    return _minute_text(value.replace(second=0, microsecond=0), get_language())


@lru_cache(maxsize=4096)
def _minute_text(minute: datetime, _language: str | None) -> str:
    """Kept, because formatting a date is a quarter of what preparing a row costs."""
    return f"{date_format(timezone.localtime(minute, timezone.get_default_timezone()), 'j M Y, H:i')} UTC"


def iso_text(value: datetime) -> str:
    return value.isoformat(timespec="seconds")


@register.filter
def as_name(value: object) -> SafeString:
    """A name, ID or code: a browser that translates the page leaves it as it is. For text only, not for attributes."""
    return format_html('<bdi translate="no">{}</bdi>', value)


def with_names(sentence: str, **names: object) -> SafeString:
    """A translated sentence with each %(placeholder)s as a name."""
    text = escape(sentence) % {key: as_name(value) for key, value in names.items()}
    return SafeString(text)


@register.simple_tag
def moment(value: datetime | None) -> SafeString | str:
    """A point in time: rendered in UTC, converted to the browser's time zone by static/app.js, with UTC in the title."""
    if value is None:
        return NOTHING
    utc = utc_text(value)
    return format_html(
        '<time dir="auto" datetime="{}" title="{}" data-local>{}</time>', iso_text(value), utc, utc
    )


def duration(value: timedelta) -> str:
    """A length of time in its largest unit: '40 seconds', '6 days', '2 years'. Never negative."""
    seconds = max(0, int(value.total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if days >= 730:  # noqa: PLR2004 - months below two years
        return ngettext("%d year", "%d years", days // 365) % (days // 365)
    if days >= 60:  # noqa: PLR2004 - days below two months
        return ngettext("%d month", "%d months", days // 30) % (days // 30)
    if hours >= 48:  # noqa: PLR2004
        return ngettext("%d day", "%d days", days) % days
    if minutes >= 120:  # noqa: PLR2004
        return ngettext("%d hour", "%d hours", hours) % hours
    if seconds >= 120:  # noqa: PLR2004
        return ngettext("%d minute", "%d minutes", minutes) % minutes
    return ngettext("%d second", "%d seconds", seconds) % seconds


def age_holds(age: timedelta) -> timedelta:
    """For how long `duration` gives the same text for this age as it grows."""
    days = age // timedelta(days=1)
    if days >= 730:  # noqa: PLR2004 - the limits are those of `duration`
        unit = timedelta(days=365)
    elif days >= 60:  # noqa: PLR2004
        return min(timedelta(days=30) - age % timedelta(days=30), timedelta(days=730) - age)
    elif age >= timedelta(hours=48):
        unit = timedelta(days=1)
    elif age >= timedelta(minutes=120):
        unit = timedelta(hours=1)
    elif age >= timedelta(seconds=120):
        unit = timedelta(minutes=1)
    else:
        unit = timedelta(seconds=1)
    return unit - age % unit


@register.filter(name="ago")
def ago_text(value: datetime | None) -> str:
    """'6 days ago'; 'just now' for the last ten seconds; '… ahead of this portal's clock' for a time in the future."""
    if value is None:
        return NOTHING
    age = timezone.now() - value
    if is_ahead(value):
        return _("%(time)s ahead of this portal's clock") % {"time": duration(-age)}
    if age < timedelta(seconds=10):
        return _("just now")
    return _("%(age)s ago") % {"age": duration(age)}


@register.simple_tag(name="ago")
def ago(value: datetime | None) -> SafeString | str:
    """An age that static/app.js keeps up to date, with the time in UTC as its title."""
    if value is None:
        return NOTHING
    html = '<time dir="auto" datetime="{}" title="{}" data-ago>{}</time>'
    if is_ahead(value):
        html = '<time dir="auto" datetime="{}" title="{}">{}</time>'
    return format_html(html, iso_text(value), utc_text(value), ago_text(value))


@register.filter
def megabytes(value: int | None) -> str:
    """5120 → '5.0 GB', 512 → '512 MB', None → '—'."""
    if value is None:
        return NOTHING
    if value < MEGABYTES_PER_GIGABYTE:
        return _("%s MB") % number_format(value)
    return _("%s GB") % number_format(value / MEGABYTES_PER_GIGABYTE, decimal_pos=1)


def id_text(value: int) -> str:
    """'ID 802'."""
    return _("ID %d") % value


@register.filter
def named(name: str) -> str:
    """A snapshot's name, or “(no name)” if nothing of it is visible."""
    return name if visible_name(name) else _("(no name)")


@register.simple_tag
def icon(name: str) -> SafeString:
    """An icon of templates/_icons.html, hidden from screen readers: the text beside it carries the meaning."""
    return format_html('<svg class="icon" aria-hidden="true"><use href="#icon-{}"></use></svg>', name)
