"""Rows of the log as a reviewer sees them: whose they are, and who can be asked about them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.contrib.auth import get_user_model

from snapshots.audit.archiving import reading
from snapshots.audit.models import Entry
from snapshots.audit.queries import LAST_NUMBER
from snapshots.connection import Person

NO_ACTOR: Final = "no_actor"
"""Nobody with an account acted."""
ACTOR_GONE: Final = "actor_gone"
"""Who acted has no account any more, or a deactivated one."""


@dataclass(frozen=True)
class Addressee:
    """Who can be asked about a row; None, and why, if nobody can be. `account`: the service account that acted, if one did."""

    person: Person | None = None
    problem: str = ""
    account: Person | None = None


def find_row(sequence: int) -> Entry | None:
    """From the database, or from its archive file."""
    if not 1 <= sequence <= LAST_NUMBER:
        return None
    found = Entry.objects.row(sequence)
    archived = reading.find_readable(sequence) if found is None else None
    return archived.entry if archived else found


def accounts_of(person_id: int) -> set[int]:
    """The person, and the service accounts that the person looks after."""
    kept = get_user_model().objects.filter(service_owner_id=person_id)
    return {person_id, *kept.values_list("pk", flat=True)}


def gone_among(person_ids: Iterable[int]) -> set[int]:
    """Those who have no active account any more."""
    wanted = set(person_ids)
    active = get_user_model().objects.filter(pk__in=wanted, is_active=True)
    return wanted.difference(active.values_list("pk", flat=True))


def _actors_of(entries: Iterable[Entry]) -> dict[UUID, list[int]]:
    """Operation → who acted in its rows, in order. Sorted here: to sort them, the database could read the log in its order."""
    operations = {one.operation_id for one in entries if one.operation_id is not None}
    rows = Entry.objects.numbered().filter(operation_id__in=operations).order_by()
    found: dict[UUID, list[int]] = {}
    for _sequence, operation, actor in sorted(rows.values_list("sequence", "operation_id", "actor_id")):
        if operation is not None and actor is not None:
            found.setdefault(operation, []).append(actor)
    return found


def own_among(entries: Iterable[Entry], person_id: int) -> set[int]:
    """The sequences of those in whose operation this person, or a service account of theirs, has a part."""
    entries, own = list(entries), accounts_of(person_id)
    actors = _actors_of(entries)
    return {
        one.sequence
        for one in entries
        if one.actor_id in own
        or (one.operation_id is not None and not own.isdisjoint(actors.get(one.operation_id, [])))
        or _is_settled_by(one, own)
    }


def _is_settled_by(entry: Entry, people: Collection[int]) -> bool:
    subject = entry.subjects.get(entry.settled_by_subject)
    return subject is not None and subject.person_id in people


def addressee_of(entry: Entry) -> Addressee:
    return addressees([entry])[entry.sequence]


def addressees(entries: Iterable[Entry]) -> dict[int, Addressee]:
    """Sequence → who acted, of an operation who began it; for a service account who looks after it."""
    entries = list(entries)
    began = {operation: found[0] for operation, found in _actors_of(entries).items()}
    actors = {
        one.sequence: began.get(one.operation_id, one.actor_id) if one.operation_id else one.actor_id
        for one in entries
    }
    people: Any = get_user_model().objects.select_related("service_owner")
    accounts = people.in_bulk({one for one in actors.values() if one is not None})
    return {sequence: _addressee(number, accounts) for sequence, number in actors.items()}


def _addressee(actor_id: int | None, accounts: dict[int, Any]) -> Addressee:
    if actor_id is None:
        return Addressee(problem=NO_ACTOR)
    actor = accounts.get(actor_id)
    keeper = actor and actor.service_owner
    asked = keeper or actor
    if asked is None or not asked.is_active:
        return Addressee(problem=ACTOR_GONE)
    return Addressee(asked, account=actor if keeper else None)
