"""Asks for temporary roles, and grants them."""

from functools import partial

from snapportal.accounts.models import User
from snapportal.accounts.temporary_roles import service
from snapportal.accounts.temporary_roles.models import TemporaryRole
from tests.support.policies import actor


def ask_for(person: User, *views, role: str = "manager", hours: int = 4, reason: str = "The disk is full"):
    """The call; nothing is asked yet."""
    servers = {one.server_id: one.name for one in views}
    return partial(service.ask, actor=actor(person), role=role, servers=servers, hours=hours, reason=reason)


def grant(person: User, asked: TemporaryRole):
    return partial(service.grant, actor=actor(person), pk=asked.pk)


def lend(person: User, *views, by: User, **more) -> TemporaryRole:
    """A role that the person has from now on."""
    return grant(by, ask_for(person, *views, **more)())()


def fresh(person: User) -> User:
    """As stored now, as in the next request."""
    return User.objects.get(pk=person.pk)


def rights_on(person: User, server_id: int) -> set[str]:
    found = fresh(person)
    verbs = ("create", "restore", "delete")
    return {verb for verb in verbs if found.has_perm(f"snapshots.{verb}", server_id)}
