"""Single sign-on in Chromium, through an identity provider that others wrote, under a base path and with passwords off."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browsing import Site, fill_sign_in
from tests.support.independent_provider import independent_provider
from tests.support.portal_process import accounts, serving
from tests.support.reverse_proxy import proxy_for

pytestmark = pytest.mark.browser

BASE = "/snapshots/"
PERSON = {
    "sub": "8f14e45f-nora",
    "name": "Nora Neu",
    "preferred_username": "nora",
    "email": "nora@example.com",
    "email_verified": True,
    "groups": ["ops"],
}


@pytest.fixture(scope="module")
def portal(sandbox_data) -> Iterator[tuple[str, str]]:
    """The address of the portal, and of the provider."""
    with (
        independent_provider(**PERSON) as issuer,
        serving(
            sandbox_data,
            BASE_PATH=BASE,
            TRUSTED_PROXIES="127.0.0.1",
            OIDC_ISSUER=issuer,
            OIDC_CLIENT_ID="snapportal",
            OIDC_CLIENT_SECRET="not-secret-here",
            OIDC_NAME="Example ID",
            OIDC_ROLES="ops=operator",
            PASSWORD_SIGN_IN="off",
            BREAK_GLASS="admin",
        ) as portal,
        proxy_for(portal.base_url.port, BASE) as proxy,
    ):
        yield f"{proxy.url}{BASE}", issuer


@pytest.fixture
def site(browser: Browser, portal) -> Iterator[Site]:
    site = Site(browser, portal[0])
    yield site
    site.expect_complaint("autofocus|ERR_ABORTED|cdn|Content Security Policy.*9400")
    site.close()
    assert [one for one in site.unexpected() if portal[0] in one] == []


def enter(page: Page) -> None:
    page.get_by_role("button", name="Example ID").click()
    page.get_by_role("button", name=PERSON["sub"]).click()


@pytest.mark.parametrize("javascript", [True, False])
def test_a_person_comes_back_to_the_page_that_was_asked_for(site, portal, javascript):
    page = site.page(javascript=javascript)
    page.goto("schedules/")
    expect(page.get_by_label("Password")).to_have_count(0)
    enter(page)
    expect(page.get_by_role("heading", name="Schedules")).to_be_visible()
    assert page.url == f"{portal[0]}schedules/"
    expect(page.get_by_text("Nora Neu")).to_be_visible()
    cookies = {cookie["name"]: cookie for cookie in page.context.cookies(portal[0].replace("http", "https"))}
    assert "__Secure-sso" not in cookies
    assert (cookies["__Secure-session"]["sameSite"], cookies["__Secure-session"]["path"]) == ("Lax", BASE)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out of the portal")).to_be_visible()


def test_whoever_refuses_there_reads_why_and_can_try_again(site):
    page = site.page()
    page.goto("sign-in/")
    page.get_by_role("button", name="Example ID").click()
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_role("heading", name="You are not signed in")).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    page.get_by_role("button", name=PERSON["sub"]).click()
    expect(page.get_by_text("Nora Neu")).to_be_visible()


def test_an_emergency_account_comes_in_with_its_password_and_sees_the_identity(site, portal, sandbox_data):
    enter_page = site.page()
    enter_page.goto("sign-in/")
    enter(enter_page)
    page = site.page()
    page.goto("people/")
    page.get_by_role("link", name="Sign in with an emergency account").click()
    fill_sign_in(page, "admin", accounts(sandbox_data)["admin"])
    page.get_by_role("link", name="Nora Neu").click()
    expect(page.get_by_role("definition").filter(has_text=portal[1])).to_be_visible()
    expect(page.get_by_text("8f14e45f-nor…")).to_be_visible()
    page.get_by_role("button", name=re.compile("Remove the link")).click()
    expect(page.get_by_text("The link to the identity provider is removed.")).to_be_visible()


def test_the_way_back_is_of_this_browser_alone(site):
    page, other = site.page(), site.page()
    page.goto("sign-in/")
    page.get_by_role("button", name="Example ID").click()
    with page.expect_request(re.compile("sso/return/")) as asked:
        page.get_by_role("button", name=PERSON["sub"]).click()
    other.goto(asked.value.url)
    expect(other.get_by_text("does not belong to a sign-in")).to_be_visible()
