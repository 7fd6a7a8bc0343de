"""Whether two people are two: for what takes a second person (promises 39 and 45).

One person must not be both: with another account of the same e-mail address, as keeper of a service account, or with an account
or a right that an admin has given or taken over a moment ago.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils import timezone

from snapshots.connection import Person
from snapshots.operations.approval import Approval
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.rights import Right, may_on


def settled_before() -> datetime:
    """Rights and accounts that were given after this time count for nothing yet."""
    return timezone.now() - timedelta(hours=settings.SNAPPORTAL_GUARD_DELAY_HOURS)


def check_two_people(
    person: Person,
    other_id: int,
    rights: Iterable[Right],
    *,
    of_other: Iterable[Right] | None = None,
    asked_under: Collection[str] = (),
) -> None:
    """`person` seconds what the other one asked for. `of_other`: what the other one needs, if that is something else.

    Temporary roles count for nothing, but for those it was `asked_under`.

    Raises OperationRefusedError (second_person, rights_too_new, asker_lost_right, asker_too_new).
    """
    other = get_user_model().objects.filter(pk=other_id).first()
    if other is None or is_same_person(person, other):
        raise OperationRefusedError("second_person")
    needed: Sequence[Right] = tuple(rights)
    asked: Sequence[Right] = needed if of_other is None else tuple(of_other)
    if not is_settled(person, needed):
        raise OperationRefusedError("rights_too_new")
    if not all(may_on(other, *one) for one in asked):
        raise OperationRefusedError("asker_lost_right")
    if not all(is_settled(other, [one]) or _is_lent(other, one, asked_under) for one in asked):
        raise OperationRefusedError("asker_too_new")


def _is_lent(person: Person, right: Right, asked_under: Collection[str]) -> bool:
    """Whether one of these temporary roles gives it now, to an account that nobody has touched for a while."""
    held = {str(one.pk) for one in person.temporary_roles_for(*right)}  # type: ignore[union-attr]
    return bool(held.intersection(asked_under)) and is_settled_account(person)


def is_settled_account(person: Person) -> bool:
    return bool(person.is_settled(settled_before()))  # type: ignore[union-attr]


def is_settled(person: Person, rights: Iterable[Right]) -> bool:
    before = settled_before()
    return all(person.has_settled_perm(right, server_id, before) for right, server_id in rights)  # type: ignore[union-attr]


def is_same_person(person: Person, other: Person) -> bool:
    """Also another account of the same person, as far as that is known."""
    keepers = {person.service_owner_id, other.service_owner_id}  # type: ignore[union-attr]
    has_one_address = address_of(person) != "" and address_of(person) == address_of(other)
    is_one = person.pk == other.pk or has_one_address or bool(keepers & {person.pk, other.pk})
    return is_one or bool(_subjects_of(person) & _subjects_of(other))


def _subjects_of(person: Person) -> set[str]:
    """What identity providers call the person: the same at two issuers where one took the place of the other."""
    return set(person.identities.values_list("subject", flat=True))  # type: ignore[union-attr]


def check_still_given(approval: Approval | None, right: Right) -> None:
    """Of those who approved as many as it takes may still do it themselves. Raises OperationRefusedError "approval_lost".

    What was approved may be sent days later, after a grace time, and in steps.
    """
    if approval is None:
        return
    people = get_user_model().objects.filter(pk__in=approval.people)
    if sum(may_on(one, *right) for one in people) < approval.needed:
        raise OperationRefusedError("approval_lost")


def address_of(person: Person) -> str:
    return str(person.email).strip().lower()  # type: ignore[union-attr]
