"""Opens the monthly report in tests, and reads its sections."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client

from tests.support.pages import text_of
from tests.support.report_log import DECEMBER, write_november

URL = "/audit/report/"


@pytest.fixture
def december() -> Iterator[None]:
    """All is read on 4 December."""
    with time_machine.travel(DECEMBER + timedelta(days=3), tick=False):
        yield


@pytest.fixture
def november(cast) -> None:
    write_november()


def report(browser: Client, month: str = "2026-11") -> HttpResponse:
    page = browser.get(URL, {"month": month})
    assert page.status_code == 200
    return page


def section(page: HttpResponse, key: str) -> str:
    """The text of one section."""
    found = re.search(rf'<section class="card" id="section-{key}">.*?</section>', page.text, re.DOTALL)
    assert found, f"no section {key}"
    return text_of(HttpResponse(found[0])).strip()
