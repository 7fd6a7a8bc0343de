"""The guide for the pages of the product that show it, which cannot import it. Nothing is read where it is not shown."""

from functools import partial
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from snapportal.accounts.models import User
from snapportal.first_run.service import Guide, unfinished_guide


def _guide(request: HttpRequest) -> Guide | None:
    person = getattr(request, "user", None)
    may_see = isinstance(person, User) and person.has_own_perm("system.see")
    return unfinished_guide(person) if may_see and isinstance(person, User) else None


def setup_guide(request: HttpRequest) -> dict[str, Any]:
    return {"setup_guide": SimpleLazyObject(partial(_guide, request))}
