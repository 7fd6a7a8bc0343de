"""Pages of schedules: the form with its preview, the list, the page of one, and what people do with it."""

import pytest
from django.urls import reverse

from snapshots.schedules.models import Schedule
from tests.support.pages import hidden, text_of

pytestmark = pytest.mark.django_db

ADD = "/schedules/add/"


@pytest.fixture
def mia(desk, signed_in):
    return signed_in(desk.user)


@pytest.fixture
def view(desk):
    return desk.server()


@pytest.fixture
def fields(desk, view):
    """What a browser sends of a form that is filled in; without the hidden fields."""
    return {
        "name": "Nightly",
        "servers": [f"{desk.token.pk}:{view.server_id}"],
        "preset": "daily",
        "at": "02:30",
        "weekday": "1",
        "day": "1",
        "cron": "",
        "time_zone": "Europe/Berlin",
        "name_pattern": "auto-{date}-{time}",
        "description": "",
        "keep_last": "2",
        "keep_daily": "0",
        "keep_weekly": "0",
        "keep_monthly": "0",
    }


def hidden_of(page) -> dict[str, str]:
    names = [
        name for name in ("form_key", "seen", "preview") if f'name="{name}" value=' in page.content.decode()
    ]
    return {name: hidden(page, name) for name in names}


def show(browser, url, fields):
    """Open the form and press "Show what it would do"."""
    return browser.post(url, fields | hidden_of(browser.get(url)))


def save(browser, url, fields):
    """The preview first, then "Save", as a person does."""
    page = show(browser, url, fields)
    return browser.post(url, fields | hidden_of(page) | {"save": "yes"})


class TestMaking:
    def test_the_list_explains_what_a_schedule_is_and_leads_to_the_first_one(self, mia):
        page = mia.get("/schedules/")
        assert "No schedule takes snapshots" in text_of(page)
        assert f'href="{ADD}"' in page.content.decode()

    def test_the_preview_comes_before_the_button_that_saves(self, mia, fields):
        first = mia.get(ADD)
        assert 'name="save"' not in first.content.decode()
        page = show(mia, ADD, fields)
        assert page.status_code == 200
        assert "What it would do in the next 30 days" in text_of(page)
        assert 'name="save"' in page.content.decode()
        assert not Schedule.objects.exists()

    def test_it_is_saved_after_the_preview_and_shown_on_its_page_and_in_the_list(self, mia, fields, view):
        answer = save(mia, ADD, fields)
        schedule = Schedule.objects.get()
        assert answer["Location"] == reverse("schedule_detail", args=[schedule.pk])
        page = text_of(mia.get(answer["Location"]))
        for text in ("The schedule Nightly is saved.", "Every day at 02:30, Europe/Berlin", view.name, "Mia"):
            assert text in page
        page = text_of(mia.get("/schedules/"))
        for text in ("Nightly", "Every day at 02:30, Europe/Berlin", view.name, "Active", "Mia", "None yet"):
            assert text in page
