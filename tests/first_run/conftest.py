"""A new installation: an admin, and nothing else."""

import re
from types import SimpleNamespace

import pytest
from django.core.cache import caches
from django.urls import reverse
from django.utils import timezone

from snapportal.accounts.models import Role, User
from snapportal.first_run.models import Mark, SetupMark
from snapportal.first_run.service import OVER_KEY
from snapshots.notifications.models import Delivery, DeliveryState
from tests.conftest import LONG_AGO
from tests.support.desk import Desk, make_desk
from tests.support.notifying import add_webhook
from tests.support.pages import text_of
from tests.support.schedules import define
from tests.support.second_factors import give_app
from tests.support.sessions import signed_in_client


@pytest.fixture(autouse=True)
def forgetful():
    """What a process remembers of the end of the set-up is forgotten before and after each test."""
    caches["html"].delete(OVER_KEY)
    yield
    caches["html"].delete(OVER_KEY)


@pytest.fixture
def real(settings):
    """As with a real provider: the sandbox answers, but the settings say that it is none."""
    settings.SANDBOX = False


@pytest.fixture
def ada(db) -> User:
    return User.objects.create_user(
        username="ada", password="x", name="Ada", role=Role.ADMIN, rights_since=timezone.now() - LONG_AGO
    )


@pytest.fixture
def bo(ada) -> User:
    return User.objects.create_user(username="bo", password="x", name="Bo", role=Role.MANAGER)


@pytest.fixture
def browser(ada):
    return signed_in_client(ada)


def states(browser) -> dict[str, str]:
    """Key of each step → its badge, on the guide's page."""
    page = browser.get(reverse("setup_detail")).text
    found = re.findall(r'id="setup-(\w+)">.*?<span class="badge \w+">([^<]*)<', page, re.DOTALL)
    return dict(found)


def card_of(browser) -> str:
    """The text of the guide above the list of servers; '' where it is not shown."""
    found = re.search(r'<section class="card setup[" ].*?</section>', browser.get("/").text, re.DOTALL)
    return text_of(SimpleNamespace(content=found.group().encode())) if found else ""


def store_token(person: User, sandbox) -> Desk:
    desk = make_desk(person, sandbox.token)
    type(desk.token).objects.update(checked_at=timezone.now())
    return desk


def deliver_something() -> None:
    target = add_webhook("https://example.com/hook")
    now = timezone.now()
    Delivery.objects.create(target=target, state=DeliveryState.SENT, created_at=now, due_at=now, ended_at=now)


def set_up(ada: User, sandbox, clock) -> None:
    """All steps but the optional one, with nobody else."""
    desk = store_token(ada, sandbox)
    desk.views()
    give_app(ada, clock)
    deliver_something()
    define(desk)
    for mark in (Mark.ALONE, Mark.BACKUP):
        SetupMark.objects.create(name=mark, at=timezone.now(), person=ada)
