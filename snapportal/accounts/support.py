"""Whom a person asks who is stuck, for the pages of the portal."""

from dataclasses import replace
from functools import partial
from typing import Any, Final

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from snapportal.accounts.models import Role, User
from snapshots import sql
from snapshots.views.support import Support, configured

NAMES_SHOWN: Final = 5
_ADMINS: Final = (
    "WHERE role = %s AND is_active AND service_owner_id IS NULL AND id <> %s "
    f"ORDER BY name, id LIMIT {NAMES_SHOWN}"
)


def support_of(request: HttpRequest) -> Support:
    """The names of admins only where no contact is configured, and never to somebody who is not signed in."""
    person, found = getattr(request, "user", None), configured()
    if not isinstance(person, User):
        return found
    is_admin = person.has_own_perm("people.manage")
    if found.contact:
        return replace(found, is_admin=is_admin)
    names = tuple(str(one) for one in sql.select(User, _ADMINS, [Role.ADMIN, person.pk]))
    return replace(found, names=names, is_admin=is_admin)


def support(request: HttpRequest) -> dict[str, Any]:
    """Lazy: most pages name nobody."""
    return {"support": SimpleLazyObject(partial(support_of, request))}
