"""The tabs and saved views of the audit log in a browser: with the keyboard, without JavaScript, on a phone."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from snapshots.audit import journal
from tests.e2e.browsing import Site, yesterday_at_noon
from tests.support.actors import actor_of
from tests.support.audit_rows import write_operation

pytestmark = pytest.mark.browser


@pytest.fixture
def rows(cast):
    with yesterday_at_noon():
        write_operation(
            "completed", server_id=7, server_name="web-server-01", snapshot_name="x" * 60, reason="y" * 140
        )
        journal.record(actor_of(cast.mia).entry(action="team.add", target="Shop", reason="a new team"))


@pytest.mark.parametrize("has_script", [True, False])
def test_a_reviewer_chooses_a_tab_saves_the_filter_and_comes_back_to_it(site: Site, cast, rows, has_script):
    page = site.page(cast.aron, javascript=has_script)
    page.goto(reverse("entry_list"))
    tabs = page.get_by_role("navigation", name="Parts of the log")
    expect(tabs.locator("[aria-current]")).to_have_text("Everything")
    tabs.get_by_role("link", name="Administration").click()
    expect(tabs.locator("[aria-current]")).to_have_text("Administration")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_label("Person").fill("Mia")
    page.get_by_label("Period").select_option(label="The last 7 days")
    page.get_by_role("button", name="Apply").click()
    expect(tabs.locator("[aria-current]")).to_have_text("Administration")
    page.get_by_role("link", name="Save this view").click()
    page.get_by_label("Name", exact=True).fill("What Mia set up")
    page.get_by_label("Show it to everybody who may read the log").check()
    page.get_by_role("button", name="Save").click()
    page.goto(reverse("entry_list"))
    page.get_by_role("navigation", name="Saved views").get_by_role("link", name="What Mia set up").click()
    expect(page.get_by_label("Person")).to_have_value("Mia")
    expect(page.get_by_label("Period")).to_have_value("7-days")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator(".saved [aria-current]")).to_have_text("What Mia set up")
    page.get_by_role("link", name="All saved views").click()
    page.get_by_role("link", name="Rename or delete").click()
    page.get_by_role("link", name="Delete this view").click()
    expect(page.get_by_text("It goes for everybody")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No view is saved")).to_be_visible()


def test_the_keyboard_goes_from_the_person_to_the_history_and_the_server_of_a_line(site: Site, cast, rows):
    page = site.page(cast.aron)
    page.goto(f"{reverse('entry_list')}?area=operations")
    page.locator("tbody .who a, tbody .what a").first.focus()
    names = []
    for _number in range(page.locator("tbody a").count()):
        focused = page.evaluate(
            "document.activeElement.getAttribute('aria-label') || document.activeElement.innerText"
        )
        names.append(focused)
        page.keyboard.press("Tab")
    assert names[-1] == "Everything about web-server-01"
    assert "web-server-01" in names[-2]
    assert page.locator("a a").count() == 0


@pytest.mark.parametrize("width", [320, 390])
def test_a_line_is_short_on_a_phone_and_nothing_is_cut_off(site: Site, cast, rows, width):
    page = site.page(cast.aron, size=(width, 844))
    page.goto(f"{reverse('entry_list')}?area=administration")
    line = page.locator("tbody tr")
    expect(line).to_have_count(1)
    assert line.bounding_box()["height"] < 110
    with yesterday_at_noon():
        journal.record(actor_of(cast.mia).entry(action="person.sign_out"))
    page.goto(f"{reverse('entry_list')}?area=sign-ins&action=person.sign_out")
    assert line.bounding_box()["height"] < 80, "without a reason there are two lines"
    page.goto(reverse("entry_list"))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    badge, what = (page.locator(f"tbody tr {part}").first.bounding_box() for part in (".badge", ".what"))
    assert badge["y"] < what["y"] + what["height"], "the result is beside what was done"
