"""What a person may do now, read anew: hours or a look at the provider may lie between a request's start and its write.

To be called inside `journal.committed()` after the first row, under the log's lock. A change of a person that was
committed before is then seen, for PostgreSQL reads what is committed at each statement (READ COMMITTED).
"""

from django.contrib.auth import get_user_model

from snapshots.connection import Person
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action

OVERRIDE_PERMISSION = Action.RESTORE.permission
"""Who may restore may also act on a server that a restore holds, and close an operation by hand."""


def check_still_allowed(actor_id: int | None, permission: str) -> Person:
    """The person as the database has him now. Raises OperationRefusedError without the permission.

    Who was deactivated has none.
    """
    person = get_user_model().objects.filter(pk=actor_id or 0).first()
    if person is None or not person.has_perm(permission):
        raise OperationRefusedError("not_allowed_any_more")
    return person
