"""The monthly report of the log: what each section counts, where its numbers lead, and what it says that it does not count."""

from datetime import datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from snapportal.accounts import erasure
from snapportal.accounts.models import User
from tests.support.actors import actor_of
from tests.support.audit_rows import ARON, MIA
from tests.support.pages import text_of
from tests.support.report_log import DECEMBER, NOVEMBER, Operation, event, write_november

pytestmark = pytest.mark.django_db

URL = "/audit/report/"
DAY = timedelta(days=1)


@pytest.fixture
def aron(cast, signed_in) -> Client:
    return signed_in(cast.aron)


@pytest.fixture
def november(cast):
    """The log of November, read in December."""
    write_november()
    with time_machine.travel(DECEMBER + 3 * DAY):
        yield


def report(browser: Client, month: str = "2026-11"):
    page = browser.get(URL, {"month": month})
    assert page.status_code == 200
    return page


def test_smoke(november, aron):
    page = report(aron)
    print(text_of(page))
    print(page.context["operations"])
    print(page.context["people"])
