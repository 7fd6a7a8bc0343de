"""Pictures on a telephone with large text: no word sticks out of its picture or covers another."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page

from snapportal.languages import LANGUAGES
from snapshots.deletions import keeping
from snapshots.operations.models import Action, State
from snapshots.sandbox.models import Snapshot
from snapshots.schedules.retention import Keep
from snapshots.views.look import HEADER, Look
from tests.e2e.page_checks import NARROW
from tests.support.audit_rows import ARON, write_operation
from tests.support.deletions import target_of
from tests.support.desk import make_desk
from tests.support.pictures import history_url, known, operated
from tests.support.schedules import define

pytestmark = pytest.mark.browser
DAY = timedelta(days=1)
WORDS_WITHOUT_ROOM = """() => [...document.querySelectorAll("svg.picture[role=img]")].flatMap((picture) => {
  const room = picture.getBoundingClientRect();
  const shown = [...picture.querySelectorAll("text")].filter((text) => text.getBoundingClientRect().width > 0);
  const boxes = shown.map((text) => [text.textContent, text.getBoundingClientRect()]);
  const out = boxes.filter(([, box]) => box.left < room.left - 1 || box.right > room.right + 1);
  const covers = ([, one], [, other]) => one.left < other.right - 1 && other.left < one.right - 1 &&
    one.top < other.bottom - one.height / 2 && other.top < one.bottom - one.height / 2;
  const covered = (one, number) => boxes.slice(number + 1).filter((other) => covers(one, other));
  const pairs = boxes.flatMap((one, number) => covered(one, number).map(([text]) => one[0] + " covers " + text));
  return [...out.map(([text]) => text + " sticks out"), ...pairs];
})"""


def fill(desk, view) -> None:
    """Something in each picture and each lane, over a year."""
    now = timezone.now()
    for number in range(1, 5):
        known(view, 9000 + number, now - 80 * number * DAY, now - 70 * number * DAY)
        operated(desk, view, Action.RESTORE, now - number * DAY)
        operated(desk, view, Action.DELETE, now - 2 * number * DAY)
        operated(desk, view, Action.CREATE, now - 3 * number * DAY)
    operated(desk, view, Action.CREATE, now - DAY, state=State.FAILED)
    keeping.protect_snapshot(actor=desk.actor, target=target_of(desk, view), reason="The last good one")
    define(desk, cron="0 * * * *", keep=Keep(), servers=((view.server_id, view.name),))


def words_without_room(page: Page) -> list[str]:
    found = []
    for (width, height), size in NARROW:
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("size => { document.documentElement.style.fontSize = size; }", size)
        found += [f"{width}px {size} {text}" for text in page.evaluate(WORDS_WITHOUT_ROOM)]
    return found


@pytest.mark.parametrize("days", [7, 30, 90, 365])
def test_words_of_pictures_have_room_on_a_telephone_in_each_language(
    site, cast, http_sandbox, settings, days
):
    settings.SNAPPORTAL_API_URL = http_sandbox.url
    desk = make_desk(cast.mia, http_sandbox.sandbox.token)
    Snapshot.objects.filter(name="before-nginx-upgrade").update(name="before-the-update-of-" + "n" * 20)
    view = desk.server("web-server-01")
    fill(desk, view)
    page = site.page(cast.mia)
    found = []
    for language, _name in LANGUAGES:
        page.set_extra_http_headers({HEADER: Look(language=language).text})
        page.goto(f"{history_url(desk, view.server_id)}?days={days}")
        assert page.evaluate("document.documentElement.lang") == language
        found += [f"{language} {days} days, text {text}" for text in words_without_room(page)]
    assert "\n".join(found) == ""


def test_names_of_people_have_room_on_a_telephone(site, cast):
    cast.aron.name = "Maximilian Mustermann-Wimmer"
    cast.aron.save()
    write_operation("completed", actor=replace(ARON, id=cast.aron.pk))
    page = site.page(cast.aron)
    page.goto(reverse("log_activity"))
    assert page.locator("svg.picture .name:visible").all_text_contents() == ["Maximilian Mustermann-W…"]
    assert words_without_room(page) == []
