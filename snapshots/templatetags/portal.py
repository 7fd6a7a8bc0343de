"""Formatting of times, ages, sizes and icons, as template tags and as functions for rows prepared in Python."""

from datetime import datetime, timedelta

from django import template
from django.template.defaultfilters import linebreaksbr
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, ngettext_lazy

from snapshots.inventory.clocks import is_ahead
from snapshots.inventory.names import visible_name
from snapshots.templatetags.formats import local_text, number, utc_text

register = template.Library()

MEGABYTES_PER_GIGABYTE = 1024
NOTHING = "—"
UNITS = (
    ("year", 365 * 86400, 730 * 86400),
    ("month", 30 * 86400, 60 * 86400),
    ("day", 86400, 2 * 86400),
    ("hour", 3600, 2 * 3600),
    ("minute", 60, 120),
    ("second", 1, 0),
)
"""Name, seconds, and from how many seconds on it is used."""
AGE_UNITS = tuple((unit, size, 90 if unit == "minute" else least) for unit, size, least in UNITS)
"""Of ages, which nobody needs to the second. static/app.js has the same."""
LENGTHS = {
    "year": ngettext_lazy("%d year", "%d years"),
    "month": ngettext_lazy("%d month", "%d months"),
    "day": ngettext_lazy("%d day", "%d days"),
    "hour": ngettext_lazy("%d hour", "%d hours"),
    "minute": ngettext_lazy("%d minute", "%d minutes"),
    "second": ngettext_lazy("%d second", "%d seconds"),
}
AGES = {
    "year": ngettext_lazy("%d year ago", "%d years ago"),
    "month": ngettext_lazy("%d month ago", "%d months ago"),
    "day": ngettext_lazy("%d day ago", "%d days ago"),
    "hour": ngettext_lazy("%d hour ago", "%d hours ago"),
    "minute": ngettext_lazy("%d minute ago", "%d minutes ago"),
    "second": ngettext_lazy("%d second ago", "%d seconds ago"),
}


def iso_text(value: datetime) -> str:
    return value.isoformat(timespec="seconds")


@register.filter
def as_name(value: object) -> SafeString:
    """A name, ID or code: a browser that translates the page leaves it as it is. For text only, not for attributes."""
    return format_html('<bdi translate="no">{}</bdi>', value)


@register.filter
def as_written(text: str) -> SafeString:
    """What a person or the provider wrote, with its line breaks. Its direction is its own, whatever that of the page is."""
    return format_html("<bdi>{}</bdi>", linebreaksbr(text))


def with_names(sentence: str, **names: object) -> SafeString:
    """A translated sentence with each %(placeholder)s as a name."""
    text = escape(sentence) % {key: as_name(value) for key, value in names.items()}
    return SafeString(text)


@register.simple_tag
def moment(value: datetime | None) -> SafeString | str:
    """A point in time, with UTC in the title: in the time zone that the person has chosen. Where none is chosen it is
    rendered in UTC, and static/app.js converts it to that of the browser."""
    if value is None:
        return NOTHING
    html = '<time dir="auto" datetime="{}" title="{}" data-local>{}</time>'
    return format_html(html, iso_text(value), utc_text(value), local_text(value))


def _in_largest_unit(value: timedelta, units: tuple[tuple[str, int, int], ...] = UNITS) -> tuple[str, int]:
    """The unit and how many of it, rounded down. Never negative."""
    seconds = max(0, int(value.total_seconds()))
    return next((unit, seconds // size) for unit, size, least in units if seconds >= least)


def duration(value: timedelta) -> str:
    """A length of time in its largest unit: '40 seconds', '6 days', '2 years'. Never negative."""
    unit, count = _in_largest_unit(value)
    return str(LENGTHS[unit] % count)


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
    unit, count = _in_largest_unit(age, AGE_UNITS)
    return str(AGES[unit] % count)


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
        return megabyte_text(value)
    return _("%s GB") % number(value / MEGABYTES_PER_GIGABYTE, decimals=1)


def megabyte_text(value: int) -> str:
    """To the megabyte: '5121 MB'."""
    return _("%s MB") % number(value)


@register.filter
def file_size(count: int) -> str:
    """Of a file: '31.2 KB'."""
    for factor, words in ((1024**3, _("%s GB")), (1024**2, _("%s MB")), (1024, _("%s KB"))):
        if count >= factor:
            return words % number(count / factor, decimals=1)
    return ngettext("%d byte", "%d bytes", count) % count


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
