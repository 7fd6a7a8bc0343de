"""The months of the report: which there are, where each begins and ends, and which one is shown."""

from datetime import timedelta

import pytest

from tests.support.pages import text_of
from tests.support.report_log import DECEMBER, NOVEMBER, event
from tests.support.report_pages import URL, december, november, report, section

__all__ = ["december", "november"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("december")]

DAY = timedelta(days=1)


def test_an_empty_month_says_so_and_shows_no_zero(november, aron):
    page = report(aron, "2026-10")
    assert "The log has no row of this period." in section(page, "coverage")
    assert 'id="section-operations"' not in page.text


def test_a_month_that_has_not_begun_says_so(november, aron):
    page = report(aron, "2027-01")
    assert "This month has not begun." in text_of(page)
    assert 'id="section-operations"' not in page.text


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-13", "2026-00", "1999-12", "2026-11-01", "٢٠٢٦-١١", "x" * 500]
)
def test_what_is_no_month_is_not_found(november, aron, text):
    assert aron.get(URL, {"month": text}).status_code == 404


def test_the_present_month_is_the_usual_one_and_is_marked_as_unfinished(november, aron):
    event("person.sign_in", moment=DECEMBER + DAY)
    page = aron.get(URL)
    assert "Monthly report, December 2026" in text_of(page)
    assert "This month is not finished. The report goes up to 4 Dec 2026, 00:00 UTC." in text_of(page)
    assert "This month is not finished" not in text_of(report(aron))


def test_the_choice_has_the_months_with_rows_and_leads_to_those_before_and_after(november, aron):
    event("person.sign_in", moment=DECEMBER + DAY)
    choice = report(aron).context["choice"]
    assert [(one.value, one.is_chosen) for one in choice.months] == [("2026-12", False), ("2026-11", True)]
    assert (choice.older, choice.newer.value) == (None, "2026-12")
    assert report(aron, "2026-09").context["choice"].newer.value == "2026-11", "the nearest"
    far = report(aron, "2027-03").context["choice"]
    assert [one.value for one in far.months] == ["2027-03", "2026-12", "2026-11"]
    assert (far.older.value, far.newer) == ("2026-12", None)


def test_the_first_and_the_last_microsecond_of_a_month_are_its_own(cast, aron):
    event("person.sign_in", moment=NOVEMBER - timedelta(microseconds=1))
    event("person.sign_in", moment=NOVEMBER)
    event("person.sign_in", moment=DECEMBER - timedelta(microseconds=1))
    event("person.sign_in", moment=DECEMBER)
    periods = {month: report(aron, month).context["period"] for month in ("2026-10", "2026-11", "2026-12")}
    assert [(one.first.number, one.last.number) for one in periods.values()] == [(1, 1), (2, 3), (4, 4)]
