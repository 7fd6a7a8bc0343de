"""The main workflow under a base path: every URL that the browser requests is below it."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browsing import Site, fill_sign_in, is_poll, sign_in
from tests.e2e.test_workflow import (
    SERVER,
    create,
    delete,
    invite_manager,
    join,
    read_the_log,
    restore,
    see_server,
    store_token,
    watch_to_the_end,
)
from tests.support.portal_process import ROOT, accounts, serving
from tests.support.reverse_proxy import ReverseProxy, proxy_for

pytestmark = pytest.mark.browser

BASE = "/snapshots/"
QUICK = "100"


@pytest.fixture(scope="module")
def proxy(sandbox_data) -> Iterator[ReverseProxy]:
    with (
        serving(sandbox_data, BASE_PATH=BASE, SANDBOX_SPEED=QUICK, TRUSTED_PROXIES="127.0.0.1") as portal,
        proxy_for(portal.base_url.port, BASE) as proxy,
    ):
        yield proxy


@pytest.fixture
def site(browser: Browser, proxy: ReverseProxy) -> Iterator[Site]:
    site = Site(browser, f"{proxy.url}{BASE}")
    yield site
    site.close()
    assert site.unexpected() == []


def new_token(folder: Path) -> str:
    command = [sys.executable, "manage.py", "fill_sandbox", "--issue-token", "tests"]
    environment = {"SNAPPORTAL_DATA_DIR": str(folder)}
    return subprocess.check_output(command, cwd=ROOT, env=environment, text=True, timeout=60).split()[-1]


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def cookies_of(page: Page) -> list[tuple[str, str]]:
    return sorted((cookie["name"], cookie["path"]) for cookie in page.context.cookies())


def test_the_main_workflow_works_under_a_base_path(site, proxy, sandbox_data):
    passwords = accounts(sandbox_data)
    asked: set[str] = set()
    manager, admin, auditor = site.page(), site.page(), site.page()
    for page in (manager, admin, auditor):
        page.on("request", lambda request: asked.add(urlsplit(request.url).path))

    link = invite_manager(admin, "admin", passwords["admin"])
    assert link.startswith(f"{proxy.url}{BASE}welcome/")
    join(manager, link)
    names = ("__Secure-csrf", "__Secure-device", "__Secure-session")
    assert cookies_of(manager) == [(name, BASE) for name in names]
    store_token(manager, new_token(sandbox_data))
    see_server(manager)
    create(manager, javascript=True)
    watch_to_the_end(manager, javascript=True)
    restore(manager)
    watch_to_the_end(manager, javascript=True)
    delete(manager)
    sign_out(manager)
    assert "__Secure-session" not in dict(cookies_of(manager))
    read_the_log(auditor, "auditor", passwords["auditor"])

    assert any(re.search(r"/status/$", path) for path in asked), "nothing was live"
    assert {path for path in asked if not path.startswith(BASE)} == set()
    assert proxy.outside == []


def test_a_live_page_whose_session_has_ended_leads_to_the_sign_in_and_back(site, sandbox_data):
    page, password = site.page(), accounts(sandbox_data)["manager"]
    sign_in(page, "manager", password)
    page.goto(f"?q={SERVER}")
    page.context.clear_cookies(name="__Secure-session")
    page.get_by_role("searchbox").fill("mail")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert urlsplit(page.url).path == f"{BASE}sign-in/"
    fill_sign_in(page, "manager", password)
    expect(page.get_by_role("article", name=SERVER)).to_be_visible()
    assert page.url.endswith(f"{BASE}?q={SERVER}")


def check_renewal(page: Page, url: str) -> None:
    """After some seconds the page asks whether anything has changed, with a request to a URL that matches `url`."""
    with page.expect_response(lambda answer: is_poll(answer.request)) as live:
        page.clock.run_for(6_000)
    assert live.value.status == 204
    assert re.search(url, live.value.url), live.value.url


def test_a_list_and_a_server_refresh_themselves_under_a_base_path(site, sandbox_data):
    page = site.page()
    sign_in(page, "manager", accounts(sandbox_data)["manager"])
    page.clock.install()
    page.goto(f"?q={SERVER}")
    check_renewal(page, rf"{BASE}\?q={SERVER}$")
    page.get_by_role("heading", name=SERVER).get_by_role("link").click()
    page.wait_for_url(re.compile("/servers/"))
    check_renewal(page, rf"{BASE}servers/\w+/\d+/status/\?")
