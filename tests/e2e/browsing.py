"""Browsers with signed-in people, and the console messages of their pages."""

import re
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta

import time_machine
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

from snapportal.accounts.models import User
from tests.support.sessions import signed_in_client

DESKTOP = (1280, 900)
PHONE = (390, 844)
TIMEOUT_MS = 15_000
STATUS_NOTE = "Failed to load resource: the server responded with a status of"


@dataclass
class Site:
    """A portal at `url`. Console messages of its pages are recorded, so that a test can require that there are none."""

    browser: Browser
    url: str
    contexts: list[BrowserContext] = field(default_factory=list)
    complaints: list[tuple[str, str]] = field(default_factory=list)
    documents: dict[str, str] = field(default_factory=dict)
    """URL of each page that was shown → the method of the newest request for it."""
    expected: list[str] = field(default_factory=list)

    def page(
        self,
        person: User | None = None,
        *,
        size: tuple[int, int] = DESKTOP,
        scheme: str = "light",
        javascript: bool = True,
        locale: str = "en-GB",
    ) -> Page:
        """A page in a new browser context, with `person` signed in if given."""
        context = self.browser.new_context(
            base_url=self.url,
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,
            java_script_enabled=javascript,
            reduced_motion="reduce",
            locale=locale,
            timezone_id="Europe/Berlin",
        )
        context.set_default_timeout(TIMEOUT_MS)
        self.contexts.append(context)
        if person is not None:
            self._sign_in(context, person)
        return self.page_in(context)

    def page_in(self, context: BrowserContext) -> Page:
        """Another page in the same context."""
        page = context.new_page()
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append((str(error), page.url)))
        page.on("response", self._note_document)
        return page

    def _sign_in(self, context: BrowserContext, person: User) -> None:
        client, name = signed_in_client(person), settings.SESSION_COOKIE_NAME
        context.add_cookies(
            [
                {
                    "name": name,
                    "value": client.cookies[name].value,
                    "url": self.url.replace("http:", "https:"),  # a __Host- cookie is set over https only
                    "secure": True,
                    "httpOnly": True,
                    "sameSite": "Lax",
                }
            ]
        )

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append((message.text, message.location["url"]))

    def _note_document(self, response: Response) -> None:
        if response.request.is_navigation_request():
            self.documents[response.url] = response.request.method

    def expect_complaint(self, pattern: str) -> None:
        self.expected.append(pattern)

    def unexpected(self) -> list[str]:
        """Console messages that no test expected, without the message that a whole page came with a 4xx status."""
        return [
            f"{text} ({where})"
            for text, where in self.complaints
            if not (text.startswith(STATUS_NOTE) and where.partition("#")[0] in self.documents)
            and not any(re.search(pattern, text) for pattern in self.expected)
        ]

    def close(self) -> None:
        for context in self.contexts:
            context.close()


def sign_in(page: Page, username: str, password: str) -> None:
    page.goto("sign-in/")  # below the portal's path, if it has one
    fill_sign_in(page, username, password)


def fill_sign_in(page: Page, username: str, password: str) -> None:
    page.get_by_label("Username").or_(page.get_by_label("Sign-in name")).fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def yesterday_at_noon() -> AbstractContextManager[object]:
    """What is written then has one date: late in the evening the browser's is another than UTC's, and both are shown."""
    noon = timezone.now().replace(hour=12, minute=0)
    return time_machine.travel(noon - timedelta(days=1), tick=False)


def is_poll(request: Request) -> bool:
    """Whether the page's content asks, and not its bell."""
    return "hx-request" in request.headers and "/bell/" not in request.url
