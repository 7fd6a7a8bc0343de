"""A small cast of people, one for each role, and the browsers they sit at."""

from types import SimpleNamespace

import pytest
from django.test import Client

from snapportal.accounts.models import Role, User
from tests.audit_guard import let_flushes_through
from tests.provider import http_sandbox, sandbox, wire

__all__ = ["http_sandbox", "sandbox", "wire"]

let_flushes_through()

PASSWORD = "correct horse battery"


@pytest.fixture
def cast(db) -> SimpleNamespace:
    """One person for each role: vera the viewer, omar the operator, mia the manager, aron the auditor, ada the admin."""
    names = {"vera": Role.VIEWER, "omar": Role.OPERATOR, "mia": Role.MANAGER, "aron": Role.AUDITOR, "ada": Role.ADMIN}
    return SimpleNamespace(
        **{
            name: User.objects.create_user(
                username=name, password=PASSWORD, name=name.capitalize(), email=f"{name}@example.com", role=role
            )
            for name, role in names.items()
        }
    )


@pytest.fixture
def signed_in():
    """A function that gives a browser in which a person is signed in."""

    def sign_in(person: User) -> Client:
        client = Client()
        client.force_login(person)
        return client

    return sign_in
