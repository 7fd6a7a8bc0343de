"""Tours: sequences of page visits that cover all states of the pages. Each page is checked."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from zlib import crc32

from django.conf import settings
from django.urls import Resolver404, resolve
from playwright.sync_api import BrowserContext, Page, TimeoutError

from snapshots.inventory.reader import expire
from snapshots.vault.models import StoredToken
from snapshots.views.look import HEADER, Look
from tests.e2e.browsing import Site
from tests.e2e.page_checks import faults
from tests.support.desk import Desk, make_desk
from tests.support.provider import HttpSandbox, Sandbox

NOWHERE = "http://127.0.0.1:9"
LOOK_TIMEOUT_MS = 6_000
NO_PAGE = "no page of the site"
LANGUAGES = tuple(code for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE)
VISITS_FOR_EACH_TRANSLATED = 3
EVERY = "SNAPPORTAL_TESTS_EVERY_VIEWPORT" in os.environ
"""Whether each state is checked in all sizes, schemes and languages. By default it has one of each, in turn: there are hundreds
of states, of the same kinds of elements."""


@dataclass
class World:
    """A site, its people, and a provider behind a socket that works at real speed and can misbehave."""

    site: Site
    cast: Any
    http: HttpSandbox
    settings: Any
    found: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    looks: int = 0
    translated: dict[BrowserContext, Page] = field(default_factory=dict)
    """A second page for other languages: to open one takes as long as to load two."""

    @property
    def sandbox(self) -> Sandbox:
        assert self.http.sandbox
        return self.http.sandbox

    def desk(self) -> Desk:
        """Mia with a token; the provider answers."""
        self.provider_up()
        return make_desk(self.cast.mia, self.sandbox.token)

    def provider_up(self) -> None:
        self.http.clear()
        self.settings.SNAPPORTAL_API_URL = self.http.url

    def provider_down(self) -> None:
        """Point the portal at an unreachable provider and expire cached readings, so that the next page notices it."""
        self.settings.SNAPPORTAL_API_URL = NOWHERE
        for token in StoredToken.objects.all():
            expire(token)

    def look(self, page: Page, text: str) -> None:
        """Check the page once it shows `text`, which proves that it is in the intended state."""
        self._check(page, self._arrive(page, text))

    def visit(self, page: Page, path: str, text: str) -> None:
        """Open the page and check it, as it is in English or in one other language, in turn."""
        page.goto(path)
        turn = self._arrive(page, text)
        languages = LANGUAGES if EVERY else _language_in_turn(turn)
        if EVERY or not languages:
            self._check(page, turn)
        for language in languages:
            self._check_translated(page, language, turn)

    def _arrive(self, page: Page, text: str) -> int:
        """Wait for the state that shows `text`, and note the page as seen. Returns the turn of what is checked in turn."""
        try:
            page.locator("main", has_text=text).wait_for(timeout=LOOK_TIMEOUT_MS)
        except TimeoutError:
            raise AssertionError(f"no {text!r} on {page.url}:\n{page.inner_text('main')[:600]}") from None
        try:
            name = resolve(urlsplit(page.url).path).url_name or NO_PAGE
        except Resolver404:
            name = NO_PAGE
        self.seen.add(name)
        self.looks += 1
        return crc32(name.encode()) + self.looks

    def _check(self, page: Page, turn: int) -> None:
        self.found += faults(page, None if EVERY else turn)

    def _check_translated(self, page: Page, language: str, turn: int) -> None:
        if page.context not in self.translated:
            self.translated[page.context] = self.site.page_in(page.context)
        translated = self.translated[page.context]
        translated.set_extra_http_headers({HEADER: Look(language=language).text})
        translated.goto(page.url)
        assert translated.evaluate("document.documentElement.lang") == language, page.url
        self.found += [f"{language} {fault}" for fault in faults(translated, turn)]
        translated.evaluate("document.body.remove()")  # without it the page asks the portal for nothing


def _language_in_turn(turn: int) -> tuple[str, ...]:
    """For each third turn one of the languages besides English."""
    number, rest = divmod(turn, VISITS_FOR_EACH_TRANSLATED)
    return () if rest else (LANGUAGES[number % len(LANGUAGES)],)


Tour = Callable[[World], None]
TOURS: dict[str, tuple[Tour, frozenset[str]]] = {}


def tour(*names: str) -> Callable[[Tour], Tour]:
    """Register a tour with the names of the pages that it visits."""

    def register(function: Tour) -> Tour:
        TOURS[function.__name__] = function, frozenset(names)
        return function

    return register
