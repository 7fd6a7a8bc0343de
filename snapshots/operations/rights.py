"""What a person may do on a server: by the role, a team or a temporary role, within the limits of the stored token that is used.

Before a write all of it is read again from the database, because it may have changed since the request began. Call
check_still_allowed inside `journal.committed()` after the first row is written, that is, under the log's lock. Changes
that were committed before are then visible: PostgreSQL reads what is committed at each statement (READ COMMITTED).

The row of what only a temporary role allows says so: `borrowed` finds it out before the row is written, and the check
under the lock refuses what would say otherwise by then.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model

from snapshots import sql
from snapshots.audit.wording.statements import joined
from snapshots.connection import Person
from snapshots.inventory.servers import ListedServer
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action
from snapshots.vault.models import StoredToken

DELETE = Action.DELETE.permission
DELETE_OWN = "snapshots.delete_own"
"""To delete one's own snapshots, and to set dates for them (see ownership.py). Whoever has DELETE has it too."""
OVERRIDE_PERMISSION = Action.RESTORE.permission
"""People who may restore may also act on a server that a restore holds, and close an operation by hand."""


Right = tuple[str, int | None]
"""A permission, and the server that it is needed on; None for everywhere."""


@dataclass(frozen=True)
class Borrowed:
    """The temporary roles without which the person could not do it: their IDs, and what the log says of them."""

    ids: tuple[str, ...] = ()
    note: str = ""

    def added_to(self, evidence: str) -> str:
        return joined([evidence, self.note])


def may_on(person: Person, permission: str, server_id: int | None, begun_under: Collection[str] = ()) -> bool:
    """Whether the person's role, a team's or a temporary one allows it on this server; None for everywhere.

    `begun_under`: the IDs of temporary roles under which the work was begun that this belongs to.
    """
    is_allowed = bool(person.has_perm(permission, server_id))  # type: ignore[union-attr,arg-type]
    return is_allowed or bool(begun_under and _temporary(person, (permission, server_id), begun_under))


def _temporary(person: Person, right: Right, begun_under: Collection[str]) -> list[Any]:
    return list(person.temporary_roles_for(*right, begun_under))  # type: ignore[union-attr]


def borrowed(actor_id: int | None, wanted: Iterable[Right], begun_under: Collection[str] = ()) -> Borrowed:
    """What of this the person may do only by a temporary role. Nothing for nobody, and for what is not allowed at all."""
    person = sql.first(get_user_model(), "WHERE id = %s", [actor_id or 0])
    return _borrowed_by(person, wanted, begun_under) if person else Borrowed()


def _borrowed_by(person: Person, wanted: Iterable[Right], begun_under: Collection[str]) -> Borrowed:
    lacking = [one for one in wanted if not person.has_lasting_perm(*one)]  # type: ignore[union-attr]
    found = {str(role.pk): role for one in lacking for role in _temporary(person, one, begun_under)[:1]}
    ids = sorted(found)
    return Borrowed(tuple(ids), joined(found[one].note for one in ids))


def may_anywhere(person: Person, permission: str) -> bool:
    """Whether the person's role, a team's or a temporary one allows it on at least one server."""
    return person.is_authenticated and person.has_perm_anywhere(permission)  # type: ignore[attr-defined]


def may_in_part(person: Person, permission: str) -> bool:
    """Whether the person may do it to anything: whoever may not delete everything may still delete what is their own."""
    return may_anywhere(person, least(permission))


def least(permission: str) -> str:
    """What is needed to do it to anything: to delete, the right to delete what is one's own."""
    return DELETE_OWN if permission == DELETE else permission


def may(person: Person, permission: str, server: ListedServer) -> bool:
    """Whether the person may do it on this server, with the token that shows it."""
    return server.token.allows(permission) and may_on(person, permission, server.server_id)


def check_token(token: StoredToken, permission: str, server_id: int) -> None:
    """Raises OperationRefusedError (token_limited)."""
    if not (token.reaches(server_id) and token.allows(permission)):
        raise OperationRefusedError("token_limited")


def check_person(
    actor_id: int | None,
    wanted: Iterable[Right],
    *,
    begun_under: Collection[str] = (),
    noted: Borrowed | None = None,
) -> Person:
    """The person as now stored, who has each of these permissions on its server; None stands for all servers.

    `noted`: what `borrowed` found before, for the row. Raises OperationRefusedError (not_allowed_any_more, not_on_this_server).
    """
    person = sql.first(get_user_model(), "WHERE id = %s", [actor_id or 0])
    if person is None:
        raise OperationRefusedError("not_allowed_any_more")
    rights = list(wanted)
    for permission, server_id in rights:
        if may_on(person, permission, server_id, begun_under):
            continue
        is_elsewhere = may_anywhere(person, permission)
        raise OperationRefusedError("not_on_this_server" if is_elsewhere else "not_allowed_any_more")
    if noted is not None and _borrowed_by(person, rights, begun_under) != noted:
        raise OperationRefusedError("not_allowed_any_more")
    return person


def check_lasting(actor_id: int | None, wanted: Iterable[Right]) -> Person:
    """For what guards the team: a temporary role is not enough.

    Raises OperationRefusedError (those of check_person, only_temporary).
    """
    rights = list(wanted)
    person = check_person(actor_id, rights)
    if _borrowed_by(person, rights, ()).ids:
        raise OperationRefusedError("only_temporary")
    return person


def check_here(actor_id: int | None, permission: str, server_id: int) -> None:
    """Refuses a server on which the person has not the right that a team gives on others. Raises OperationRefusedError."""
    person = check_person(actor_id, ())
    if may_anywhere(person, permission) and not may_on(person, permission, server_id):
        raise OperationRefusedError("not_on_this_server")


def check_still_allowed(
    actor_id: int | None,
    permission: str,
    *,
    server_id: int | None = None,
    token_id: str = "",
    begun_under: Collection[str] = (),
    noted: Borrowed | None = None,
) -> Person:
    """The person as now stored in the database. `server_id`: the server that it is done on; `token_id`: with what token.

    Raises OperationRefusedError (those of check_person, token_gone, token_limited). A deactivated person has no permissions.
    """
    person = check_person(actor_id, [(permission, server_id)], begun_under=begun_under, noted=noted)
    if token_id and server_id is not None:
        check_stored_token(token_id, permission, server_id)
    return person


def check_stored_token(token_id: str, permission: str, server_id: int) -> None:
    """The token as now stored. Raises OperationRefusedError (token_gone, token_limited)."""
    token = sql.first(StoredToken, "WHERE id = %s", [token_id])
    if token is None:
        raise OperationRefusedError("token_gone")
    check_token(token, permission, server_id)
