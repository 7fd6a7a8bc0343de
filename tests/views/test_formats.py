"""Times and numbers as each language writes them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from snapshots.templatetags import formats, portal
from snapshots.views.texts.schedules import rule_words

AT = datetime(2026, 9, 24, 22, 30, 40, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("language", "utc", "day", "monday"),
    [
        ("en", "24 Sep 2026, 22:30 UTC", "Fri 25 Sep 2026, 00:30", "Monday"),
        ("de", "24.09.2026, 22:30 UTC", "Fr., 25. Sept. 2026, 00:30", "Montag"),
        ("fr", "24 sept. 2026, 22:30 UTC", "ven. 25 sept. 2026, 00:30", "lundi"),
        ("es", "24 sept 2026, 22:30 UTC", "vie, 25 sept 2026, 0:30", "lunes"),
        ("he", "24 בספט׳ 2026, 22:30 UTC", "יום ו׳, 25 בספט׳ 2026, 0:30", "יום שני"),
        ("yi", "24טן סעפּטעמבער 2026, 22:30 UTC", "פֿרײַטיק, 25טן סעפּטעמבער 2026, 00:30", "מאָנטיק"),
        ("xx", "24 Sep 2026, 22:30 UTC", "Fri 25 Sep 2026, 00:30", "Monday"),
    ],
)
def test_times_and_days(language, utc, day, monday):
    with translation.override(language):
        assert formats.utc_text(AT) == utc
        assert formats.day_text(AT, BERLIN) == day
        assert formats.weekday_name(0) == monday
        assert monday in rule_words("weekly", "30 2 * * 1", "UTC")


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        (None, "24 Sep 2026, 22:30 UTC"),
        ("UTC", "24 Sep 2026, 22:30 UTC"),
        ("Europe/Berlin", "25 Sep 2026, 00:30 CEST (24 Sep 2026, 22:30 UTC)"),
        ("America/New_York", "24 Sep 2026, 18:30 EDT (22:30 UTC)"),
        ("America/Sao_Paulo", "24 Sep 2026, 19:30 UTC-03 (22:30 UTC)"),
    ],
)
def test_a_chosen_time_zone_is_named_and_utc_stands_beside_it(zone, text):
    with timezone.override(ZoneInfo(zone) if zone else None):
        assert formats.local_text(AT) == text


def test_numbers_and_sizes():
    found = {}
    for language in ("en", "de"):
        with translation.override(language):
            found[language] = (portal.megabytes(4856), portal.megabytes(512), portal.file_size(32_040))
    assert found["en"] == ("4.7 GB", "512 MB", "31.2 KB")
    assert found["de"] == ("4,7 GB", "512 MB", "31,2 KB")
    assert portal.file_size(5) == "5 bytes"
    assert portal.file_size(3 * 1024**2) == "3.0 MB"


def test_an_age_is_one_phrase_so_that_languages_can_inflect_it():
    with translation.override("de"):
        assert portal.duration(timedelta(days=6)) == "6 Tage"
        assert portal.ago_text(timezone.now() - timedelta(days=6)) == "vor 6 Tagen"


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("en", ("September 2026", "Sep 2026", "24 Sep")),
        ("de", ("September 2026", "Sept. 2026", "24. Sept.")),
        ("he", ("ספטמבר 2026", "ספט׳ 2026", "24 בספט׳")),
        ("yi", ("סעפּטעמבער 2026", "9/2026", "24/9")),
    ],
)
def test_months_and_short_days(language, texts):
    with translation.override(language):
        assert (formats.month_text(AT), formats.short_month_text(AT), formats.short_day_text(AT)) == texts


def test_no_date_is_written_by_django_which_has_no_yiddish():
    sources = (path for folder in ("snapshots", "snapportal") for path in Path(folder).rglob("*.py"))
    assert [str(path) for path in sources if "import date_format" in path.read_text()] == []
