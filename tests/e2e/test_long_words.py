"""Long words in tables: a name of 100 letters and a reason without a blank leave every column on the screen and on the paper."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page

from snapshots.operations import server_locks
from snapshots.views.look import HEADER, Look
from tests.e2e.browsing import DESKTOP, PHONE, Site, yesterday_at_noon
from tests.e2e.page_checks import NAME, PAPER, TOO_WIDE, WITH_LONG_NAMES
from tests.support.audit_rows import write_operation
from tests.support.policies import actor

pytestmark = pytest.mark.browser
LOGS = ("entry_list", "review_entries", "log_report")
SIZES = ((DESKTOP, "screen"), (PHONE, "screen"), (PAPER, "print"))
LEAST_ROOM = 75
"""Pixels: a column with usual words in it is not narrower."""
NARROWEST = """() => Math.min(...[...document.querySelectorAll(".table.log-lines tr:has(.what) > td")]
  .map((cell) => cell.getBoundingClientRect().width))"""


@pytest.fixture
def long_rows():
    server = {"server_id": 7, "server_name": "s" * 100}
    write_operation("completed", **server, snapshot_name=NAME, reason="r" * 2000)
    write_operation("completed", **server, snapshot_name=NAME, reason="https://example.org/" + "u" * 90)
    write_operation("unknown", **server, snapshot_name=NAME, reason="usual words of a reason")


def sticks_out(page: Page) -> list[str]:
    found = []
    for size, media in SIZES:
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.emulate_media(media=media)
        found += [f"{media} {size[0]}px: {text}" for text in page.evaluate(TOO_WIDE, "ltr")]
    return found


@pytest.mark.parametrize("name", LOGS)
def test_no_word_pushes_a_column_of_the_log_off_the_screen_or_the_paper(site: Site, cast, long_rows, name):
    page = site.page(cast.aron)
    page.goto(reverse(name) + ("?show=everything" if name == "review_entries" else ""))
    assert NAME in page.inner_text("main")
    assert sticks_out(page) == []


@pytest.mark.parametrize("name", LOGS[:2])
def test_a_long_word_leaves_room_for_the_words_of_the_other_columns(site: Site, cast, long_rows, name):
    page = site.page(cast.aron)
    page.goto(reverse(name) + ("?show=everything" if name == "review_entries" else ""))
    assert page.evaluate(NARROWEST) >= LEAST_ROOM
    page.set_viewport_size({"width": PAPER[0], "height": PAPER[1]})
    page.emulate_media(media="print")
    assert page.evaluate(NARROWEST) >= LEAST_ROOM


@pytest.mark.parametrize("width", [320, 390])
def test_an_entry_of_a_review_is_as_short_as_a_line_of_the_log_on_a_phone(site: Site, cast, width):
    with yesterday_at_noon():
        write_operation("completed", server_id=7, server_name="web-server-01", reason="a way back")
    page = site.page(cast.aron, size=(width, 844))
    page.goto(f"{reverse('review_entries')}?show=everything")
    assert page.locator(".review-entry").first.bounding_box()["height"] < 180, (
        "the line, and what may be done with it"
    )


@pytest.mark.parametrize("language", ["de", "fr"])
def test_a_long_name_pushes_nothing_of_a_locked_servers_page_off_the_paper(site: Site, desk, language):
    view = desk.server("web-server-01")
    server_locks.place(
        actor=actor(desk.user),
        server_id=view.server_id,
        server_name=view.name,
        covers_deletes=False,
        until=None,
        reason="why",
    )
    page = site.page(desk.user, size=PAPER)
    page.set_extra_http_headers({HEADER: Look(language=language).text})
    page.goto(reverse("server_detail", args=[desk.token.pk, view.server_id]))
    page.emulate_media(media="print")
    assert page.evaluate(WITH_LONG_NAMES, NAME) == []
