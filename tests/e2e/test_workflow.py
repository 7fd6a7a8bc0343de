"""The main workflow: invitation, token, create, restore, delete, and the audit log."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import PASSWORD
from tests.e2e.browsing import Site, sign_in
from tests.support.provider import Sandbox

pytestmark = pytest.mark.browser

NEW_PASSWORD = "a quiet harbour at dusk"
SERVER = "web-server-01"
NAME = "before-the-upgrade"
RESTORE_REASON = "The upgrade broke the checkout"
DELETE_REASON = "Not needed any more"


def invite_manager(page: Page, admin: str, password: str) -> str:
    """Invite a manager as the admin. Returns the invitation link."""
    sign_in(page, admin, password)
    page.get_by_role("link", name="People").click()
    page.get_by_role("link", name="Invite a person").click()
    page.get_by_label("Name", exact=True).fill("Nora Neu")
    page.get_by_label("Sign-in name").fill("nora")
    page.get_by_role("radio", name=re.compile("^Manager")).check()
    page.get_by_role("button", name="Create invitation").click()
    return page.get_by_label("The link").input_value()


def join(page: Page, link: str) -> None:
    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_have_text("Welcome, Nora Neu")
    page.get_by_label("New password", exact=True).fill(NEW_PASSWORD)
    page.get_by_label("New password confirmation").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Set password and sign in").click()
    expect(page.get_by_role("heading", name="Add a token to start")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, "nora", NEW_PASSWORD)


def store_token(page: Page, token: str) -> None:
    page.get_by_role("main").get_by_role("link", name="Add a token").click()
    page.get_by_label("Label").fill("Web team")
    page.get_by_label("API token").fill(token)
    page.get_by_role("button", name="Check and store").click()
    expect(page.get_by_role("article", name="Web team")).to_contain_text("Accepted")
    assert token not in page.content()


def see_server(page: Page) -> None:
    page.get_by_role("navigation").get_by_role("link", name="Servers").click()
    card = page.get_by_role("article", name=SERVER)
    expect(card).to_contain_text("3 of 5 snapshots")
    expect(page.get_by_role("article")).to_have_count(6)
    card.get_by_role("link", name=f"Create a snapshot of {SERVER}").click()


def create(page: Page, *, javascript: bool) -> None:
    page.wait_for_load_state(
        "domcontentloaded"
    )  # a name that is typed before the scripts run is checked with the next letter
    name = page.get_by_label("Name", exact=True)
    name.fill("before the upgrade")
    if not javascript:
        page.get_by_role("button", name="Create the snapshot").click()
    expect(page.get_by_text("A name has no spaces")).to_be_visible()
    page.get_by_label("Name", exact=True).fill(NAME)
    if javascript:
        expect(page.get_by_text("This name can be used")).to_be_visible()
    page.get_by_label("Reason").fill("Ticket 4711")
    page.get_by_role("button", name="Create the snapshot").click()


def watch_to_the_end(page: Page, *, javascript: bool) -> None:
    """With JavaScript the page updates itself; without it the Refresh link is followed."""
    verdict = page.locator(".verdict")
    expect(verdict.locator(".badge")).to_have_text(re.compile("In progress|Completed"))
    if javascript:
        page.evaluate("window.stayed = true")
        expect(verdict.locator(".badge")).to_have_text("Completed")
        assert page.evaluate("window.stayed") is True
        return
    for _look in range(40):
        if verdict.locator(".badge").inner_text() == "Completed":
            break
        page.wait_for_timeout(500)
        verdict.get_by_role("link", name="Refresh").click()
    expect(verdict.locator(".badge")).to_have_text("Completed")


def open_row(page: Page, verb: str) -> None:
    page.get_by_role("link", name="To the server").click()
    page.get_by_role("row", name=re.compile(NAME)).get_by_role("link", name=f"{verb} {NAME}").click()


def restore(page: Page) -> None:
    open_row(page, "Restore")
    expect(page.get_by_role("main")).to_contain_text("Everything written since then")
    page.get_by_label("Take a snapshot of the present state first").uncheck()
    page.get_by_label("The server's name").fill("web-server-02")
    page.get_by_label("Reason").fill(RESTORE_REASON)
    page.get_by_role("button", name="Restore and lose newer data").click()
    expect(page.get_by_label("The server's name")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Reason")).to_have_value(RESTORE_REASON)
    page.get_by_label("The server's name").fill(SERVER)
    page.get_by_role("button", name="Restore and lose newer data").click()


def delete(page: Page) -> None:
    open_row(page, "Delete")
    page.get_by_label("Reason").fill(DELETE_REASON)
    page.get_by_label("I understand that this snapshot cannot be recovered").check()
    page.get_by_role("button", name="Delete permanently").click()
    expect(page.locator(".verdict .badge")).to_have_text("Completed")
    page.get_by_role("link", name="To the server").click()
    expect(page.locator("article.server")).to_contain_text("3 of 5 snapshots")
    expect(
        page.locator("article.server").get_by_text(NAME, exact=True).locator("xpath=ancestor::tr")
    ).to_have_count(0)


def read_the_log(page: Page, auditor: str, password: str) -> None:
    sign_in(page, auditor, password)
    expect(page.get_by_role("heading", level=1)).to_have_text("Audit log")
    for what, why in [
        (f"Delete.*{NAME}", DELETE_REASON),
        (f"Restore.*{SERVER}", RESTORE_REASON),
        (f"Create.*{NAME}", "Ticket 4711"),
    ]:
        row = page.get_by_role("row", name=re.compile(what)).filter(has_text=why, has_not_text="Refused")
        expect(row).to_have_count(1)
        expect(row).to_contain_text("Nora Neu")
        expect(row.locator(".badge.ok")).to_have_count(1)
    page.get_by_role("row").filter(has_text=RESTORE_REASON, has_not_text="Refused").get_by_role(
        "link", name=re.compile("Restore")
    ).click()
    story = page.get_by_role("main")
    for text in ["Nora Neu", SERVER, NAME, RESTORE_REASON, "Web team", "127.0.0.1"]:
        expect(story).to_contain_text(text)
    expect(story.locator(".steps > li")).to_have_count(3)


def test_the_workflow_from_an_invitation_to_the_audit_log_without_javascript(
    site: Site, sandbox: Sandbox, cast
):
    """With JavaScript test_base_path.py goes through it."""
    link = invite_manager(site.page(javascript=False), "ada", PASSWORD)
    manager = site.page(javascript=False)
    join(manager, link)
    store_token(manager, sandbox.token)
    see_server(manager)
    create(manager, javascript=False)
    watch_to_the_end(manager, javascript=False)
    restore(manager)
    watch_to_the_end(manager, javascript=False)
    delete(manager)
    read_the_log(site.page(javascript=False), "aron", PASSWORD)
