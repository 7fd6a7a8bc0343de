"""Opens the monthly report in tests, and reads its sections."""

import re

from django.http import HttpResponse
from django.test import Client

from tests.support.pages import text_of

URL = "/audit/report/"


def report(browser: Client, month: str = "2026-11") -> HttpResponse:
    page = browser.get(URL, {"month": month})
    assert page.status_code == 200
    return page


def section(page: HttpResponse, key: str) -> str:
    """The text of one section."""
    found = re.search(rf'<section class="card" id="section-{key}">.*?</section>', page.text, re.DOTALL)
    assert found, f"no section {key}"
    return text_of(HttpResponse(found[0])).strip()
