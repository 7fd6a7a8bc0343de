"""Tours: walks over the pages of the site in all the states they can be in. Each stop is looked over."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.urls import Resolver404, resolve
from playwright.sync_api import Page, TimeoutError

from snapshots.inventory.reader import expire
from snapshots.vault.models import StoredToken
from tests.e2e.browsing import Site
from tests.e2e.looking import faults
from tests.support.desk import Desk, make_desk
from tests.support.provider import HttpSandbox, Sandbox

NOWHERE = "http://127.0.0.1:9"
LOOK_TIMEOUT_MS = 6_000
NO_PAGE = "no page of the site"


@dataclass
class World:
    """A site, its people, and a provider behind a socket that works at its real, slow pace and can misbehave."""

    site: Site
    cast: Any
    http: HttpSandbox
    settings: Any
    found: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

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
        """Nobody answers, and the next page finds out: what was read just now would do for another moment."""
        self.settings.SNAPPORTAL_API_URL = NOWHERE
        for token in StoredToken.objects.all():
            expire(token)

    def look(self, page: Page, text: str) -> None:
        """Look the page over, once it shows `text`: so that it is the state which is meant."""
        try:
            page.locator("main", has_text=text).wait_for(timeout=LOOK_TIMEOUT_MS)
        except TimeoutError:
            raise AssertionError(f"no {text!r} on {page.url}:\n{page.inner_text('main')[:600]}") from None
        try:
            self.seen.add(resolve(page.evaluate("location.pathname")).url_name or NO_PAGE)
        except Resolver404:
            self.seen.add(NO_PAGE)
        self.found += faults(page)

    def visit(self, page: Page, path: str, text: str) -> None:
        page.goto(path)
        self.look(page, text)


Tour = Callable[[World], None]
TOURS: dict[str, tuple[Tour, frozenset[str]]] = {}


def tour(*names: str) -> Callable[[Tour], Tour]:
    """Marks a tour with the names of the pages on which it stops."""

    def enlist(walk: Tour) -> Tour:
        TOURS[walk.__name__] = walk, frozenset(names)
        return walk

    return enlist
