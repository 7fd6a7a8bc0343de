"""A schedule is made from nothing to the list in a browser, with and without JavaScript, on a desktop and a phone."""

import pytest
from playwright.sync_api import Page, expect

from snapshots.schedules.models import Schedule
from tests.e2e.browsing import DESKTOP, PHONE
from tests.support.desk import make_desk

pytestmark = pytest.mark.browser


@pytest.fixture
def desk(cast, http_sandbox, settings):
    settings.SNAPPORTAL_API_URL = http_sandbox.url
    return make_desk(cast.mia, http_sandbox.sandbox.token)


def fill_in(page: Page) -> None:
    page.get_by_label("Name", exact=True).fill("Weekly copy")
    page.get_by_label("web-server-01").check()
    page.get_by_label("Every week").check()
    page.get_by_label("Day of the week").select_option("Sunday")
    page.get_by_label("At", exact=True).fill("02:30")
    page.get_by_label("Time zone").select_option("Europe/Berlin")
    page.get_by_label("Newest snapshots").fill("1")


@pytest.mark.parametrize(
    ("size", "javascript"), [(DESKTOP, True), (DESKTOP, False), (PHONE, True), (PHONE, False)]
)
def test_a_schedule_is_made_and_found_in_the_list(site, cast, desk, size, javascript):
    page = site.page(cast.mia, size=size, javascript=javascript)
    page.goto("/")
    page.get_by_role("navigation").get_by_role("link", name="Schedules").click()
    page.get_by_role("link", name="Make the first schedule").click()
    fill_in(page)
    save = page.get_by_role("button", name="Save the schedule")
    expect(save).to_have_count(0)
    page.get_by_role("button", name="Show what it would do").click()
    preview = page.locator("#preview")
    expect(preview).to_contain_text("Every Sunday at 02:30, Europe/Berlin")
    expect(preview).to_be_in_viewport()
    page.get_by_label("Newest snapshots").fill("2")
    save.click()
    expect(preview).to_contain_text("it keeps the newest 2")
    assert not Schedule.objects.exists()
    save.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Weekly copy")
    expect(page.locator("main")).to_contain_text("The schedule Weekly copy is saved.")
    page.get_by_role("link", name="Schedules").first.click()
    row = page.get_by_role("row", name="Weekly copy") if size == DESKTOP else page.locator("main tbody tr")
    expect(row).to_contain_text("Every Sunday at 02:30, Europe/Berlin")
    expect(row).to_contain_text("web-server-01")
    assert Schedule.objects.get().keep_last == 2


def test_only_the_fields_of_the_chosen_rhythm_are_shown(site, cast, desk):
    page = site.page(cast.mia, javascript=False)
    page.goto("/schedules/add/")
    shown = {
        "Every day": {"At"},
        "Every hour": {"At"},
        "Every week": {"At", "Day of the week"},
        "Every month": {"At", "Day of the month"},
        "As a cron expression says": {"Cron expression"},
    }
    for rhythm, fields in shown.items():
        page.get_by_role("radio", name=rhythm, exact=True).check()
        for name in ("At", "Day of the week", "Day of the month", "Cron expression"):
            field = page.locator("label:not(.choice)", has_text=name)
            expect(field).to_be_visible() if name in fields else expect(field).to_be_hidden()
