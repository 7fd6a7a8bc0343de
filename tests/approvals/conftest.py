"""A server, and a second manager."""

import pytest

from snapportal.accounts.models import Role, User


@pytest.fixture
def view(desk):
    return desk.server()


@pytest.fixture
def max_(cast) -> User:
    """A second manager, who has been here for long."""
    fields = {"username": "max", "password": None, "name": "Max", "role": Role.MANAGER}
    return User.objects.create_user(**fields, rights_since=cast.mia.rights_since)
