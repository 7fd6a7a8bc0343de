"""Permissions, read again from the database just before a write: they may have changed since the request began.

Call it inside `journal.committed()` after the first row is written, that is, under the log's lock. Changes of a person
that were committed before are then visible: PostgreSQL reads what is committed at each statement (READ COMMITTED).
"""

from django.contrib.auth import get_user_model

from snapshots.connection import Person
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action

OVERRIDE_PERMISSION = Action.RESTORE.permission
"""People who may restore may also act on a server that a restore holds, and close an operation by hand."""


def check_still_allowed(actor_id: int | None, permission: str) -> Person:
    """The person as now stored in the database. Raises OperationRefusedError if the permission is missing.

    A deactivated person has no permissions.
    """
    person = get_user_model().objects.filter(pk=actor_id or 0).first()
    if person is None or not person.has_perm(permission):
        raise OperationRefusedError("not_allowed_any_more")
    return person
