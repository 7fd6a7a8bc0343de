"""Times, numbers and names as the language of the page, or of the message, writes them, by the Unicode CLDR."""

from datetime import UTC, date, datetime, tzinfo
from decimal import ROUND_DOWN, Decimal
from functools import lru_cache
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_skeleton, get_day_names
from babel.numbers import format_decimal
from django.utils import timezone
from django.utils.translation import get_language, get_language_bidi

ENGLISH: Final = "en"
ENGLISH_DATE: Final = "d MMM y"
ENGLISH_DAY: Final = "EEE d MMM y"
ENGLISH_TIME: Final = "HH:mm"
ENGLISH_SECOND: Final = "d MMM y, HH:mm:ss"
"""CLDR's English is that of the United States; the portal's texts are read everywhere."""
DAY_SKELETON: Final = "yMMMEd"
FIRST_STRONG_ISOLATE: Final = "\u2068"
POP_ISOLATE: Final = "\u2069"


def utc_text(value: datetime) -> str:
    """'24 Nov 2026, 17:30 UTC'."""
    return f"{_minute(_cut(value), ENGLISH_DATE, UTC, _language())} UTC"


def local_text(value: datetime) -> str:
    """In the time zone that was chosen, and in UTC: '24 Nov 2026, 18:30 CET (17:30 UTC)'. In UTC alone if none was."""
    zone = timezone.get_current_timezone()
    local = value.astimezone(zone)
    if not local.utcoffset():
        return utc_text(value)
    same_day = local.date() == value.astimezone(UTC).date()
    utc = f"{_minute(_cut(value), ENGLISH_TIME, UTC, _language())} UTC" if same_day else utc_text(value)
    return f"{_minute(_cut(value), ENGLISH_DATE, zone, _language())} {_zone_name(local)} ({utc})"


def exact_text(value: datetime) -> str:
    """To the second, in the time zone that was chosen: '24 Nov 2026, 18:30:05 CET'."""
    local = value.astimezone(timezone.get_current_timezone())
    locale = _locale(_language())
    pattern = ENGLISH_SECOND
    if locale.language != ENGLISH:
        date, time = locale.date_formats["medium"].pattern, locale.time_formats["medium"].pattern
        pattern = str(locale.datetime_formats["medium"]).replace("{1}", date).replace("{0}", time)
    return f"{format_datetime(local, pattern, tzinfo=local.tzinfo, locale=locale)} {_zone_name(local)}"


def date_text(value: date) -> str:
    """A day without a time: '24 Nov 2026'."""
    locale = _locale(_language())
    return format_date(value, ENGLISH_DATE if locale.language == ENGLISH else "medium", locale=locale)


def month_text(value: date) -> str:
    """'November 2026'."""
    return str(format_skeleton("yMMMM", value, locale=_locale(_language())))


def short_month_text(value: date) -> str:
    """'Nov 2026'; in numbers where the language has no short names of months."""
    locale = _locale(_language())
    if _has_short_months(locale):
        return str(format_skeleton("yMMM", value, locale=locale))
    return format_date(value, "M/y", locale=locale)


def short_day_text(value: date) -> str:
    """A day without its year: '24 Nov'; in numbers where the language has no short names of months."""
    return format_date(value, _short_day_pattern(_language()), locale=_locale(_language()))


@lru_cache(maxsize=64)
def _short_day_pattern(language: str) -> str:
    locale = _locale(language)
    if locale.language == ENGLISH:
        return ENGLISH_DATE.removesuffix(" y")
    return str(locale.datetime_skeletons["MMMd"].pattern) if _has_short_months(locale) else "d/M"


def _has_short_months(locale: Locale) -> bool:
    """Whether the CLDR has them: for Yiddish the short names are the long ones."""
    names = locale.months["format"]
    return dict(names["abbreviated"]) != dict(names["wide"])


def week_time_text(minute: int) -> str:
    """A time of each week, in minutes since Monday 0:00: 'Monday 08:00'."""
    day, time = divmod(minute, 24 * 60)
    return f"{weekday_name(day)} {time // 60:02}:{time % 60:02}"


def day_text(value: datetime, zone: tzinfo) -> str:
    """With the day of the week: 'Tue 24 Nov 2026, 18:30'."""
    return _minute(_cut(value), ENGLISH_DAY, zone, _language())


def weekday_name(day: int) -> str:
    """0 is Monday."""
    return str(get_day_names("wide", "format", _locale(_language()))[day])


@lru_cache(maxsize=4096)
def _number(value: float, decimals: int, language: str) -> str:
    cut = Decimal(str(value)).quantize(Decimal(10) ** -decimals, rounding=ROUND_DOWN)
    return format_decimal(cut, "0." + "0" * decimals if decimals else "0", locale=_locale(language))


def number(value: float, *, decimals: int = 0) -> str:
    """What does not fit into the decimals is cut off."""
    return _number(value, decimals, _language())


def _language() -> str:
    return get_language() or ENGLISH


def _cut(value: datetime) -> datetime:
    return value.replace(second=0, microsecond=0)


def _zone_name(local: datetime) -> str:
    """'CET', or 'UTC+03' where a zone has no name but its difference."""
    name = local.tzname() or ""
    return name if name[:1].isalpha() else f"UTC{name}"


@lru_cache(maxsize=4096)
def _minute(minute: datetime, kind: str, zone: tzinfo, language: str) -> str:
    """Kept, because formatting a date is a quarter of what preparing a row costs."""
    return format_datetime(minute, _pattern(kind, language), tzinfo=zone, locale=_locale(language))


@lru_cache(maxsize=64)
def _pattern(kind: str, language: str) -> str:
    """Of a date and a time, or of a time alone, in this language; `kind` is the English pattern of the date."""
    locale = _locale(language)
    if locale.language == ENGLISH:
        return ENGLISH_TIME if kind == ENGLISH_TIME else f"{kind}, {ENGLISH_TIME}"
    time = locale.time_formats["short"].pattern
    if kind == ENGLISH_TIME:
        return str(time)
    with_day = kind == ENGLISH_DAY
    date = locale.datetime_skeletons[DAY_SKELETON] if with_day else locale.date_formats["medium"]
    return str(locale.datetime_formats["medium"]).replace("{1}", date.pattern).replace("{0}", time)


@lru_cache(maxsize=64)
def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale(ENGLISH)


def isolated(name: str) -> str:
    """A name in plain text. In a text from right to left its own direction must not order the words around it."""
    return f"{FIRST_STRONG_ISOLATE}{name}{POP_ISOLATE}" if get_language_bidi() else name
