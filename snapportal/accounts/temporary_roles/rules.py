"""Who may decide a request for a temporary role: another person, who has had all that it gives for a while, for good.

The same rules as for approvals (snapshots/operations/second_person.py): no temporary role counts, nor an account or a right that
an admin has given or touched a moment ago.
"""

from itertools import product
from typing import Final

from snapportal.accounts.models import User
from snapportal.accounts.temporary_roles.models import TemporaryRole
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.rights import Right
from snapshots.operations.second_person import is_same_person, is_settled, is_settled_account

HOURS: Final = (1, 2, 4, 8, 12, 24)
"""For how long a role can be asked for."""


def rights_of(role: TemporaryRole) -> list[Right]:
    return list(product(sorted(User.server_rights_of(role.role)), role.server_names))


def check_may_ask(person: User, role: TemporaryRole) -> None:
    """Raises OperationRefusedError (not_allowed_any_more, nothing_to_ask)."""
    if person.is_service_account or not person.has_own_perm("snapshots.see"):
        raise OperationRefusedError("not_allowed_any_more")
    if person.has_all_rights_of(role):
        raise OperationRefusedError("nothing_to_ask")


def check_may_grant(person: User, role: TemporaryRole) -> None:
    """Raises OperationRefusedError (not_an_approver, second_person, rights_too_new, asker_lost_right, asker_too_new)."""
    check_may_decide(person, role)
    if not is_settled(person, rights_of(role)):
        raise OperationRefusedError("rights_too_new")
    if not role.person.has_own_perm("snapshots.see"):
        raise OperationRefusedError("asker_lost_right")
    if not is_settled_account(role.person):
        raise OperationRefusedError("asker_too_new")


def check_may_decide(person: User, role: TemporaryRole) -> None:
    """Whoever may deny it, or end it early, also where something else keeps the person from granting it.

    Raises OperationRefusedError (not_an_approver, second_person).
    """
    if is_same_person(person, role.person):
        raise OperationRefusedError("second_person")
    if person.is_service_account or not person.has_all_rights_of(role):
        raise OperationRefusedError("not_an_approver")
