"""Fixtures that several files of this folder share."""

from types import SimpleNamespace

import pytest
from django.test import Client

from snapshots.operations.models import Operation, State
from snapshots.vault import tokens
from snapshots.vault.models import StoredToken
from tests.support.ownership import omar, own

__all__ = ["omar", "own", "site", "stored", "vera"]


@pytest.fixture
def vera(cast, signed_in) -> Client:
    """A browser in which Vera the viewer is signed in."""
    return signed_in(cast.vera)


@pytest.fixture
def mia(cast, signed_in) -> Client:
    """A browser in which Mia the manager is signed in."""
    return signed_in(cast.mia)


@pytest.fixture
def aron(cast, signed_in) -> Client:
    """A browser in which Aron the auditor is signed in."""
    return signed_in(cast.aron)


@pytest.fixture
def ada(cast, signed_in) -> Client:
    """A browser in which Ada the admin is signed in."""
    return signed_in(cast.ada)


@pytest.fixture
def stored(cast, sandbox) -> StoredToken:
    """Vera's token for the sandbox, stored as “Team”."""
    return tokens.store(user_id=cast.vera.pk, label="Team", token=sandbox.token, stored_by_name="Vera")


@pytest.fixture
def site(desk, cast, strict) -> SimpleNamespace:
    """A signed-in browser for each role, a server with snapshots, and an operation with an unknown result."""
    view = desk.server()
    browsers = {}
    for person in vars(cast).values():
        browsers[person.role] = Client()
        browsers[person.role].force_login(person)
    unknown = desk.create(view, name="left-open")
    Operation.objects.filter(pk=unknown.pk).update(state=State.UNKNOWN)
    return SimpleNamespace(desk=desk, view=view, browsers=browsers, unknown=unknown, cast=cast)
