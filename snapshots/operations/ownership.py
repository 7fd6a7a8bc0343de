"""Whose a snapshot is, and who may delete it: an owner with the right to delete their own, or whoever may delete all.

A snapshot is owned by the person whose create made it: by hand, in a job, by a script, or by a run of a schedule of theirs.
handover.py gives it to somebody else.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from snapshots import sql
from snapshots.connection import Person
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action, Finding, Operation, Ownership, State
from snapshots.operations.rights import (
    DELETE,
    DELETE_OWN,
    Borrowed,
    Right,
    check_person,
    check_still_allowed,
    check_stored_token,
    may_anywhere,
    may_on,
)


def permission_to_delete(person_id: int | None, owner_id: int | None) -> str:
    """What it takes of the person to delete a snapshot that belongs to `owner_id`; None for nobody."""
    is_own = owner_id is not None and owner_id == person_id
    return DELETE_OWN if is_own else DELETE


def may_delete(person: Person, server_id: int, owner_id: int | None) -> bool:
    """Whether the person may delete a snapshot of this server that belongs to `owner_id`; None for nobody."""
    return may_on(person, permission_to_delete(person.pk, owner_id), server_id)


def may_delete_any(person: Person) -> bool:
    """Whether there may be a snapshot that the person may delete."""
    if may_anywhere(person, DELETE):
        return True
    return may_anywhere(person, DELETE_OWN) and Ownership.objects.filter(person_id=person.pk or 0).exists()


def check_may_delete(person: Person, server_id: int, owner_id: int | None) -> None:
    """Raises OperationRefusedError (not_own_snapshot, not_on_this_server, not_allowed_any_more)."""
    _check_right(person, (permission_to_delete(person.pk, owner_id), server_id))


def _check_right(person: Person, right: Right, begun_under: Collection[str] = ()) -> None:
    permission, server_id = right
    if may_on(person, permission, server_id, begun_under):
        return
    if may_on(person, DELETE_OWN, server_id, begun_under):
        raise OperationRefusedError("not_own_snapshot")
    is_elsewhere = may_anywhere(person, DELETE_OWN)
    raise OperationRefusedError("not_on_this_server" if is_elsewhere else "not_allowed_any_more")


def right_to_delete(
    actor_id: int | None,
    *,
    server_id: int,
    snapshot_id: int | None,
    created_at: datetime | None,
    of_schedule: bool = False,
) -> Right:
    """Which right the deletion takes now. A schedule deletes what it made, whoever owns that, with the full right."""
    owner_id = None if of_schedule else owner_of(server_id, snapshot_id, created_at)
    return permission_to_delete(actor_id, owner_id), server_id


def check_rights(
    actor_id: int | None,
    wanted: Iterable[Right],
    *,
    begun_under: Collection[str] = (),
    noted: Borrowed | None = None,
) -> Person:
    """Like rights.check_person, where DELETE is wanted because a snapshot is not the person's own.

    Raises OperationRefusedError (those of check_may_delete and check_person).
    """
    rights, person = list(wanted), check_person(actor_id, ())
    for one in rights:
        if one[0] in {DELETE, DELETE_OWN}:
            _check_right(person, one, begun_under)
    return check_person(actor_id, rights, begun_under=begun_under, noted=noted)


def check_may_still_delete(
    actor_id: int | None,
    *,
    server_id: int,
    snapshot_id: int | None,
    created_at: datetime | None,
    token_id: str,
    of_schedule: bool = False,
    begun_under: Collection[str] = (),
    noted: Borrowed | None = None,
) -> None:
    """Of the person, the owner and the token as now stored. Call it like rights.check_still_allowed, under the log's lock.

    The limits of tokens know only DELETE. Raises OperationRefusedError (those of check_rights, token_gone, token_limited).
    """
    right = right_to_delete(
        actor_id,
        server_id=server_id,
        snapshot_id=snapshot_id,
        created_at=created_at,
        of_schedule=of_schedule,
    )
    check = check_person if of_schedule else check_rights
    check(actor_id, [right], begun_under=begun_under, noted=noted)
    check_stored_token(token_id, DELETE, server_id)


def right_for(operation: Operation, *, of_schedule: bool) -> Right:
    """Which right of its person the operation takes now."""
    if operation.action == Action.DELETE:
        return right_to_delete(operation.actor_id, **_deletion(operation), of_schedule=of_schedule)
    return Action(operation.action).permission, operation.server_id


def check_may_still(
    operation: Operation, *, of_schedule: bool, begun_under: Collection[str], noted: Borrowed
) -> None:
    """Like check_may_still_delete or, if it is no deletion, rights.check_still_allowed."""
    work: dict[str, Any] = {
        "token_id": operation.token_id,
        "begun_under": begun_under,
        "noted": noted,
    }
    if operation.action == Action.DELETE:
        work |= {**_deletion(operation), "of_schedule": of_schedule}
        check_may_still_delete(operation.actor_id, **work)
    else:
        permission, server_id = right_for(operation, of_schedule=of_schedule)
        check_still_allowed(operation.actor_id, permission, server_id=server_id, **work)


def _deletion(operation: Operation) -> dict[str, Any]:
    return {
        "server_id": operation.server_id,
        "snapshot_id": operation.snapshot_id,
        "created_at": operation.snapshot_created_at,
    }


def owner_of(server_id: int, snapshot_id: int | None, created_at: datetime | None) -> int | None:
    """The person who owns this snapshot of this time; None if nobody does.

    Another snapshot may have its ID later, so that one whose time is not known is nobody's.
    """
    if created_at is None:
        return None
    rows = Ownership.objects.filter(
        server_id=server_id, snapshot_id=snapshot_id or 0, snapshot_created_at=created_at
    )
    return rows.values_list("person_id", flat=True).first()


def owned_by(person_id: int | None, server_ids: Iterable[int | None]) -> set[tuple[int | None, int | None]]:
    """Server and snapshot of what the person owns on these servers, for what does not know the time of a snapshot: it is
    compared when it is deleted."""
    rows = Ownership.objects.filter(
        person_id=person_id or 0, server_id__in=[one for one in server_ids if one]
    )
    return set(rows.values_list("server_id", "snapshot_id"))


def owners_on(server_ids: Sequence[int]) -> dict[int, dict[tuple[int, datetime], int]]:
    """Server → (snapshot, its time) → owner, in one query."""
    found: dict[int, dict[tuple[int, datetime], int]] = defaultdict(dict)
    if server_ids:
        for one in sql.select(Ownership, f"WHERE server_id IN ({sql.places(server_ids)})", server_ids):
            if one.snapshot_created_at is not None:
                found[one.server_id][one.snapshot_id, one.snapshot_created_at] = one.person_id
    return found


def record_creation(operation: Operation) -> None:
    """Make the person whose create has made a snapshot its owner, in the transaction in which that becomes known."""
    happened = operation.state == State.COMPLETED or operation.finding == Finding.HAPPENED
    if operation.action != Action.CREATE or not happened or operation.snapshot_id is None:
        return
    Ownership.objects.update_or_create(
        server_id=operation.server_id,
        snapshot_id=operation.snapshot_id,
        defaults={
            "snapshot_created_at": operation.snapshot_created_at,
            "person_id": operation.actor_id,
            "since": timezone.now(),
            "operation_id": operation.pk,
        },
    )
