"""What a person may do on a server: by the role or a team, and within the limits of the stored token that is used.

Before a write all of it is read again from the database, because it may have changed since the request began. Call
check_still_allowed inside `journal.committed()` after the first row is written, that is, under the log's lock. Changes
that were committed before are then visible: PostgreSQL reads what is committed at each statement (READ COMMITTED).
"""

from collections.abc import Iterable

from django.contrib.auth import get_user_model

from snapshots.connection import Person
from snapshots.inventory.servers import ListedServer
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action
from snapshots.vault.models import StoredToken

OVERRIDE_PERMISSION = Action.RESTORE.permission
"""People who may restore may also act on a server that a restore holds, and close an operation by hand."""


def may_on(person: Person, permission: str, server_id: int | None) -> bool:
    """Whether the person's role, or a team's, allows it on this server; None for everywhere."""
    return bool(person.has_perm(permission, server_id))  # type: ignore[union-attr,arg-type]


def may_anywhere(person: Person, permission: str) -> bool:
    """Whether the person's role, or a team's, allows it on at least one server."""
    return person.is_authenticated and person.has_perm_anywhere(permission)  # type: ignore[attr-defined]


def may(person: Person, permission: str, server: ListedServer) -> bool:
    """Whether the person may do it on this server, with the token that shows it."""
    return server.token.allows(permission) and may_on(person, permission, server.server_id)


def check_token(token: StoredToken, permission: str, server_id: int) -> None:
    """Raises OperationRefusedError (token_limited)."""
    if not (token.reaches(server_id) and token.allows(permission)):
        raise OperationRefusedError("token_limited")


def check_person(actor_id: int | None, wanted: Iterable[tuple[str, int | None]]) -> Person:
    """The person as now stored, who has each of these permissions on its server; None stands for all servers.

    Raises OperationRefusedError (not_allowed_any_more, not_on_this_server).
    """
    person = get_user_model().objects.filter(pk=actor_id or 0).first()
    if person is None:
        raise OperationRefusedError("not_allowed_any_more")
    for permission, server_id in wanted:
        if not may_anywhere(person, permission):
            raise OperationRefusedError("not_allowed_any_more")
        if not may_on(person, permission, server_id):
            raise OperationRefusedError("not_on_this_server")
    return person


def check_here(actor_id: int | None, permission: str, server_id: int) -> None:
    """Refuses a server on which the person has not the right that a team gives on others. Raises OperationRefusedError."""
    person = check_person(actor_id, ())
    if may_anywhere(person, permission) and not may_on(person, permission, server_id):
        raise OperationRefusedError("not_on_this_server")


def check_still_allowed(
    actor_id: int | None, permission: str, *, server_id: int | None = None, token_id: str = ""
) -> Person:
    """The person as now stored in the database. `server_id`: the server that it is done on; `token_id`: with what token.

    Raises OperationRefusedError (those of check_person, token_gone, token_limited). A deactivated person has no permissions.
    """
    person = check_person(actor_id, [(permission, server_id)])
    if token_id and server_id is not None:
        token = StoredToken.objects.filter(pk=token_id).first()
        if token is None:
            raise OperationRefusedError("token_gone")
        check_token(token, permission, server_id)
    return person
