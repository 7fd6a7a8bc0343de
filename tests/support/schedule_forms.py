"""Sends the form of a schedule as a browser does: opened, previewed, saved."""

import re

from django.http import HttpResponse
from django.test import Client

from tests.support.desk import Desk
from tests.support.pages import hidden

ADD = "/schedules/add/"
HIDDEN = ("form_key", "seen", "preview")


def filled(desk: Desk, **changes: object) -> dict[str, object]:
    """What is typed: every day at 02:30 in Berlin, of the first usable server, the last two are kept."""
    servers = [f"{desk.token.pk}:{desk.server().server_id}"] if "servers" not in changes else []
    return {
        "name": "Nightly",
        "servers": servers,
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
    } | changes


def hidden_of(page: HttpResponse) -> dict[str, str]:
    return {name: hidden(page, name) for name in HIDDEN if f'name="{name}" value=' in page.content.decode()}


def can_save(page: HttpResponse) -> bool:
    return 'name="save"' in page.content.decode()


def ticked(page: HttpResponse) -> list[str]:
    """The values of the servers that are ticked."""
    return re.findall(r'name="servers" value="([^"]*)" checked', page.content.decode())


def press_save(browser: Client, url: str, fields: dict[str, object], page: HttpResponse) -> HttpResponse:
    return browser.post(url, fields | hidden_of(page) | {"save": "yes"})


def show(browser: Client, url: str, fields: dict[str, object]) -> HttpResponse:
    """Open the form, fill it in, and press “Show what it would do”."""
    return browser.post(url, fields | hidden_of(browser.get(url)))


def save(browser: Client, url: str, fields: dict[str, object]) -> HttpResponse:
    """The preview first, then “Save”."""
    return press_save(browser, url, fields, show(browser, url, fields))
