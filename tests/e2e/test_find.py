"""Keyboard shortcuts and the search in the dialog of every page, in a browser."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from snapportal.accounts.models import User
from tests.e2e.browsing import Site
from tests.support.api import make_key

pytestmark = pytest.mark.browser
SERVER = "web-server-01"


def test_everything_is_found_and_opened_with_keys(site: Site, desk):
    view = desk.server(SERVER)
    page = site.page(desk.user)
    page.goto(reverse("api_key_list"))
    account = page.locator(".me-name")
    account.focus()
    finder, field = page.get_by_role("dialog", name="Find"), page.locator("#finder-field")
    for keys in ("/", "Control+k"):
        page.keyboard.press(keys)
        expect(field).to_be_focused()
        page.keyboard.press("Escape")
        expect(finder).to_be_hidden()
        expect(account).to_be_focused()
    page.keyboard.press("/")
    page.keyboard.type("web/n?")  # these keys are letters here
    expect(field).to_have_value("web/n?")
    expect(finder.get_by_role("status")).to_have_text("No results")
    page.keyboard.press("Escape")
    expect(account).to_be_focused()
    page.keyboard.press("/")
    with page.expect_request("**/find/?q=*") as asked:
        field.fill(SERVER)
    assert asked.value.headers["x-session"]  # somebody else may have signed in with this browser
    expect(finder.get_by_role("link", name=SERVER).first).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(finder.get_by_role("link", name=SERVER).first).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(field).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{reverse('server_detail', args=[desk.token.pk, view.server_id])}")
    page.keyboard.press("n")
    page.wait_for_url("**/create/")
    page.get_by_label("Description").fill("typed")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/operations/**")


def test_a_search_that_fails_says_so_in_the_dialog(site: Site, desk):
    site.expect_complaint("ERR_INTERNET_DISCONNECTED|htmx:(afterRequest|sendError)")
    page = site.page(desk.user)
    page.goto(reverse("api_key_list"))
    page.keyboard.press("/")
    status = page.get_by_role("dialog", name="Find").get_by_role("status")
    page.keyboard.type("servers")
    expect(status).to_contain_text("result")
    page.context.set_offline(True)
    page.keyboard.type("x")
    expect(status).to_contain_text("This page cannot reach the portal")
    expect(page.locator("#finder-results")).to_be_empty()
    page.context.set_offline(False)
    page.keyboard.press("Backspace")
    expect(status).to_contain_text("result")


def test_the_focus_stays_on_the_head_that_orders_the_list(site: Site, desk):
    User.objects.filter(pk=desk.user.pk).update(server_layout="table")
    page = site.page(desk.user)
    page.goto(reverse("server_list"))
    for query in ("?sort=-size#sort-size", "?sort=size#sort-size"):
        page.locator("#sort-size").focus()
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/{query}")
        expect(page.locator("#sort-size")).to_be_focused()


def press_all(page: Page) -> None:
    for keys in ("/", "?", "n", "Control+k"):
        page.keyboard.press(keys)


def test_keys_are_listed_and_can_be_switched_off(site: Site, desk):
    make_key(desk.user, desk.token)
    page = site.page(desk.user)
    page.goto(reverse("api_key_list"))
    shown = page.get_by_role("dialog", name="Keyboard shortcuts")
    page.keyboard.press("?")
    expect(shown).to_contain_text("The main action of the page")
    page.keyboard.press("n")
    expect(shown).to_be_visible()
    shown.get_by_role("button", name="Close").click()
    expect(shown).to_be_hidden()
    User.objects.filter(pk=desk.user.pk).update(shortcuts="off")
    page.reload()
    press_all(page)
    expect(page.locator("dialog[open]")).to_have_count(0)
    assert page.url.endswith(reverse("api_key_list"))
    page.get_by_role("link", name="Find").click()
    page.locator("#finder-field").fill("tokens")
    page.keyboard.press("Enter")
    page.wait_for_url("**/find/?q=tokens")
    expect(page.locator("main").get_by_role("link", name="Tokens").first).to_be_visible()


def test_the_main_action_of_the_servers_is_the_search_until_some_are_ticked(site: Site, desk):
    page = site.page(desk.user)
    page.goto(reverse("server_list"))
    named = page.get_by_role("dialog", name="Keyboard shortcuts").locator("[data-main-label]")
    expect(page.get_by_role("button", name="Create on the selected servers")).to_be_hidden()
    page.keyboard.press("?")
    expect(named).to_have_text("Search")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    expect(page.locator("#filter-q")).to_be_focused()
    page.get_by_label("Select the server").first.check()
    page.keyboard.press("?")
    expect(named).to_have_text("Create on the selected servers")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    page.wait_for_url("**/create/?server=*")


def test_one_key_sends_no_form_and_the_list_says_where_there_is_nothing_to_do(site: Site, desk):
    page = site.page(desk.user)
    page.goto(reverse("account_detail"))
    page.keyboard.press("n")
    expect(page.get_by_label("Old password")).to_be_focused()
    page.goto(reverse("api_reference"))
    page.keyboard.press("?")
    expect(page.locator("dialog [data-main-label]")).to_have_text("This page has none.")
