"""Chromium and a live portal, with the sandbox in the same process."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.e2e.browsing import TIMEOUT_MS, Site
from tests.support.left_out import CHROMIUM

QUICK = 100.0
"""Times faster than documented: a create takes about three seconds, a restore about five."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    # Playwright runs an event loop in the thread of the tests, which Django would treat as asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield chromium
        chromium.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def site(browser, live_server, settings) -> Iterator[Site]:
    """The portal with a fast sandbox. A test fails if a page logs an unexpected console message."""
    settings.SNAPPORTAL_SANDBOX_SPEED = QUICK
    site = Site(browser, live_server.url)
    yield site
    site.close()
    assert site.unexpected() == []
