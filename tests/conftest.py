"""Shared fixtures: one person for each role, and signed-in browsers."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
import time_machine
from django.contrib.auth.hashers import make_password
from django.utils import timezone, translation

from snapportal.accounts.models import Role, User
from tests.support import pseudo
from tests.support.alone import pytest_runtest_protocol
from tests.support.desk import Desk, make_desk
from tests.support.double import double
from tests.support.flush import use_own_flush
from tests.support.garbage import collect_seldom
from tests.support.hostile import strict
from tests.support.imaginary import imaginary, imaginary_desk
from tests.support.left_out import leave_out, pytest_terminal_summary
from tests.support.migrated_database import use_copies
from tests.support.order import group_of, long_first, processes
from tests.support.portal_process import prepared_sandbox, sandbox_data
from tests.support.provider import http_sandbox, sandbox, wire, wire_server
from tests.support.provider_check import check_provider
from tests.support.rendered_templates import note_pages_only
from tests.support.reports import pytest_runtest_makereport
from tests.support.sessions import signed_in_client

__all__ = [
    "check_provider",
    "double",
    "http_sandbox",
    "imaginary",
    "imaginary_desk",
    "prepared_sandbox",
    "pytest_runtest_makereport",
    "pytest_runtest_protocol",
    "pytest_terminal_summary",
    "sandbox",
    "sandbox_data",
    "strict",
    "wire",
    "wire_server",
]

use_own_flush()
use_copies()
collect_seldom()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    leave_out(config, items)
    items[:] = long_first(items, group_of, processes())


PASSWORD = "correct horse battery"
LONG_AGO = timedelta(days=30)
FIRST_ID = 1001
"""The first id of the people; tests/support/audit_rows.py writes rows about the same people."""


@pytest.fixture(autouse=True, scope="session")
def quick_rendering(django_test_environment) -> None:
    note_pages_only()


@pytest.fixture(autouse=True)
def english() -> None:
    """A request leaves its language and time zone active, which the next test must not speak."""
    translation.deactivate()
    timezone.deactivate()


@pytest.fixture
def clock():
    """A clock that stands still until a test moves it."""
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller


@pytest.fixture
def cast(db) -> SimpleNamespace:
    """One person for each role: vera the viewer, omar the operator, mia the manager, aron the auditor, ada the admin."""
    names = {
        "vera": Role.VIEWER,
        "omar": Role.OPERATOR,
        "mia": Role.MANAGER,
        "aron": Role.AUDITOR,
        "ada": Role.ADMIN,
    }
    people = {
        name: User(
            pk=pk,
            username=name,
            password=make_password(PASSWORD),
            name=name.capitalize(),
            email=f"{name}@example.com",
            role=role,
            rights_since=timezone.now() - LONG_AGO,
        )
        for pk, (name, role) in enumerate(names.items(), FIRST_ID)
    }
    User.objects.bulk_create(people.values())
    return SimpleNamespace(**people)


@pytest.fixture
def signed_in():
    """A function that returns a client in which the given person is signed in."""

    return signed_in_client


@pytest.fixture
def desk(cast, sandbox) -> Desk:
    """Mia the manager with a stored token, on the in-process sandbox."""
    return make_desk(cast.mia, sandbox.token)


@pytest.fixture
def far_desk(cast, http_sandbox, settings) -> Desk:
    """Mia on the sandbox over HTTP, which can produce faults. Transactions are really committed.

    Tests of a provider that hangs set a shorter deadline, and those of nothing else: a busy machine may be late.
    """
    settings.SNAPPORTAL_API_URL = http_sandbox.url
    settings.SNAPPORTAL_API_TIMEOUT_SECONDS = 5.0
    return make_desk(cast.mia, http_sandbox.sandbox.token)


@pytest.fixture
def strange_portal(settings, tmp_path):
    """The portal speaks a language that shows which texts are translated."""
    with pseudo.speaking(settings, tmp_path / "locale"):
        yield
