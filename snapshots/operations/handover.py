"""Gives snapshots to another person: by their owner, or by whoever may delete everything on the server.

The receiver gets no more than the right to delete their own snapshots allows. Nobody gives what they may not delete, nor by a
temporary role: what is given lasts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.utils import timezone

from snapshots.audit import journal
from snapshots.audit.journal import Actor, EntryData
from snapshots.connection import Person
from snapshots.inventory.shown_servers import servers_shown_to
from snapshots.operations import statements
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.guard import refusals_recorded, required_reason
from snapshots.operations.models import Ownership
from snapshots.operations.ownership import check_may_still_delete, owner_of, right_to_delete
from snapshots.operations.protection import Target
from snapshots.operations.rights import check_lasting, may_on

SEE = "snapshots.see"


@dataclass(frozen=True)
class Handover:
    """A listed snapshot, and whose it was when the person saw it; None for nobody's."""

    target: Target
    owner_id: int | None


def hand_over(*, actor: Actor, given: Sequence[Handover], receiver_id: int, reason: str) -> None:
    """All of them or none, with a row of the log for each.

    Raises OperationRefusedError (reason_missing, owner_changed, bad_receiver, only_temporary, those of check_may_still_delete),
    JournalUnavailableError.
    """
    text = required_reason(reason)
    tried: list[EntryData] = []
    with refusals_recorded(lambda: tried[-1] if tried else None), journal.committed():
        for one in given:
            receiver = get_user_model().objects.filter(pk=receiver_id).first()
            tried.append(_entry(actor, one, receiver, receiver_id, text))
            journal.record(tried[-1])
            _give(actor, one, receiver)


def _entry(
    actor: Actor, given: Handover, receiver: Person | None, receiver_id: int, reason: str
) -> EntryData:
    return given.target.entry(
        actor,
        action="snapshot.hand_over",
        target=str(receiver or receiver_id),
        target_person_id=receiver.pk if receiver else None,
        reason=reason,
        evidence=_from_to(given.owner_id, receiver_id),
    )


def _give(actor: Actor, given: Handover, receiver: Person | None) -> None:
    target, created_at = given.target, given.target.snapshot.created_at
    server_id = target.snapshot.server.id
    about: dict[str, Any] = {**target.ids, "created_at": created_at}
    check_may_still_delete(actor.id, **about, token_id=target.token.pk)
    check_lasting(actor.id, [right_to_delete(actor.id, **about)])
    if created_at is None or owner_of(**target.ids, created_at=created_at) != given.owner_id:
        raise OperationRefusedError("owner_changed")
    if receiver is None or receiver.pk == given.owner_id or not may_receive(receiver, server_id):
        raise OperationRefusedError("bad_receiver")
    owned: dict[str, Any] = {
        "snapshot_created_at": created_at,
        "person_id": receiver.pk,
        "since": timezone.now(),
    }
    if given.owner_id is None:  # also if the row of another snapshot with this ID is left
        owned["operation_id"] = None
    Ownership.objects.update_or_create(server_id=server_id, snapshot_id=target.snapshot.id, defaults=owned)


def _from_to(owner_id: int | None, receiver_id: int) -> str:
    if owner_id is None:
        return statements.FROM_NOBODY.said(to=receiver_id)
    return statements.FROM_PERSON.said(before=owner_id, to=receiver_id)


def may_receive(person: Person, server_id: int) -> bool:
    """Whoever sees the server: with a stored token that showed it when last read."""
    return may_on(person, SEE, server_id) and server_id in servers_shown_to(person)


def people_who_see(server_id: int) -> list[Person]:
    """By name."""
    people = get_user_model().objects.filter(is_active=True, stored_tokens__isnull=False).distinct()
    return [one for one in people.order_by("name", "pk") if may_receive(one, server_id)]
