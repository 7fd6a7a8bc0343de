"""Who may approve a request: another person, who may do it too, and has been able to for a while (promises 39 and 45).

The last part guards the guard: who gives somebody the right, or takes over an account, does not approve in that name today.
"""

from collections.abc import Iterable

from django.contrib.auth import get_user_model

from snapshots.approvals.models import ApprovalRequest, Decision, Verdict
from snapshots.connection import Person
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.guard import settled_before
from snapshots.operations.guarded_models import Policy
from snapshots.operations.policies import PERMISSION, matching
from snapshots.operations.rights import check_person, may_on


def check_may_approve(person: Person, request: ApprovalRequest) -> None:
    """Raises OperationRefusedError (second_person, not_an_approver, rights_too_new, asker_too_new)."""
    permission = request.action.permission
    if is_same_person(person, request.person_id):
        raise OperationRefusedError("second_person")
    if person.is_service_account or not may_on(person, permission, request.server_id):  # type: ignore[union-attr]
        raise OperationRefusedError("not_an_approver")
    if any(one.approvers and person.pk not in one.approvers for one in policies_of(request)):
        raise OperationRefusedError("not_an_approver")
    settled = settled_before()
    if not person.has_settled_perm(permission, request.server_id, settled):  # type: ignore[union-attr]
        raise OperationRefusedError("rights_too_new")
    asker = check_person(request.person_id, ())
    if asker.rights_since > settled:  # type: ignore[union-attr]
        raise OperationRefusedError(
            "asker_too_new"
        )  # else one could ask in the name of an account that one has just made


def check_may_break_glass(person: Person, request: ApprovalRequest) -> None:
    """Admins who may do it themselves, whoever asked. Raises OperationRefusedError "not_an_approver"."""
    rights = (PERMISSION, request.action.permission)
    if not all(may_on(person, one, request.server_id) for one in rights):
        raise OperationRefusedError("not_an_approver")


def may_approve(person: Person, request: ApprovalRequest) -> bool:
    try:
        check_may_approve(person, request)
    except OperationRefusedError:
        return False
    return True


def is_same_person(person: Person, other_id: int) -> bool:
    """Also another account of the same person, as far as that is known: by the address, or as keeper of a service account."""
    if person.pk == other_id:
        return True
    other = get_user_model().objects.filter(pk=other_id).first()
    if other is None:
        return False
    mails = {one.email.strip().lower() for one in (person, other)}  # type: ignore[union-attr]
    keepers = {other.service_owner_id, person.service_owner_id}  # type: ignore[union-attr]
    return (len(mails) == 1 and mails != {""}) or bool(keepers & {person.pk, other.pk})


def policies_of(request: ApprovalRequest) -> list[Policy]:
    return matching(request.server_id, request.action)


def needed_for(request: ApprovalRequest) -> int:
    """How many people have to approve it: as asked then, or more if a policy has come since."""
    return max([request.needed, *(one.needed for one in policies_of(request))])


def valid_decisions(request: ApprovalRequest) -> list[Decision]:
    """What makes it approved: decisions of people who still may, as now stored."""
    found: Iterable[Decision] = request.decisions.all()
    people = get_user_model().objects.in_bulk([one.person_id for one in found])
    valid = []
    for one in found:
        person = people.get(one.person_id)
        check = check_may_break_glass if one.verdict == Verdict.BREAK_GLASS else check_may_approve
        if person is None or one.verdict == Verdict.DENY:
            continue
        try:
            check(person, request)
        except OperationRefusedError:
            continue
        valid.append(one)
    return valid


def is_enough(request: ApprovalRequest, decisions: list[Decision]) -> bool:
    is_broken = any(one.verdict == Verdict.BREAK_GLASS for one in decisions)
    return is_broken or len(decisions) >= needed_for(request)
