"""Who may decide a request: another person, who may do all of it too, and has been able to for a while (promises 39 and 45)."""

from collections.abc import Callable, Iterable

from django.contrib.auth import get_user_model

from snapshots.api.models import ApiKey
from snapshots.approvals.models import ApprovalRequest, Decision, Verdict
from snapshots.connection import Person
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.policies import PERMISSION
from snapshots.operations.rights import may_on
from snapshots.operations.second_person import check_two_people, is_same_person

Check = Callable[[Person, ApprovalRequest], None]


def check_may_approve(person: Person, request: ApprovalRequest) -> None:
    """Raises OperationRefusedError (not_an_approver, second_person, rights_too_new, asker_too_new)."""
    if person.pk == request.person_id or _made_its_key(person, request):
        raise OperationRefusedError("second_person")
    check_may_deny(person, request)
    if any(one.approvers and person.pk not in one.approvers for one in request.policies):
        raise OperationRefusedError("not_an_approver")
    check_two_people(
        person,
        request.person_id,
        request.rights,
        of_other=request.rights_of_asker,
        asked_under=request.asked_under,
    )


def _made_its_key(person: Person, request: ApprovalRequest) -> bool:
    """Whoever made the API key that asked may have it, also one of a service account that somebody else looks after."""
    key = ApiKey.objects.filter(pk=request.api_key_id).first() if request.api_key_id else None
    maker = get_user_model().objects.filter(pk=key.created_by_id).first() if key else None
    return maker is not None and is_same_person(person, maker)


def has_lost_right(request: ApprovalRequest) -> bool:
    """Whether a temporary role has ended under which it was asked."""
    if not request.asked_under:
        return False
    person = get_user_model().objects.filter(pk=request.person_id).first()
    held = {str(one.pk) for one in person.held_roles} if person else set()
    return not held.issuperset(request.asked_under)


def is_hopeless(request: ApprovalRequest) -> bool:
    """Whether who asked may not do it any more: by the role, a team or a temporary role, or as the owner of the snapshot."""
    person = get_user_model().objects.filter(pk=request.person_id).first()
    may_still = person is not None and all(may_on(person, *one) for one in request.rights_of_asker)
    return not may_still or has_lost_right(request)


def check_may_deny(person: Person, request: ApprovalRequest) -> None:
    """Whoever may do it, also where something else keeps the person from approving.

    Raises OperationRefusedError "not_an_approver".
    """
    is_script = person.is_service_account  # type: ignore[union-attr]
    rights = request.rights
    if is_script or not rights or not all(may_on(person, *one) for one in rights):
        raise OperationRefusedError("not_an_approver")


def check_may_break_glass(person: Person, request: ApprovalRequest) -> None:
    """Admins who may do it themselves, whoever asked. Raises OperationRefusedError "not_an_approver"."""
    check_may_deny(person, request)
    if not may_on(person, PERMISSION, None):
        raise OperationRefusedError("not_an_approver")


def obstacle(check: Check, person: Person, request: ApprovalRequest) -> str:
    """Why the check refuses the person, as its code; '' if it does not."""
    try:
        check(person, request)
    except OperationRefusedError as error:
        return error.code
    return ""


def needed_for(request: ApprovalRequest) -> int:
    """How many people have to approve it: as asked then, or more if a policy has come since."""
    return max([request.needed, *(one.needed for one in request.policies)])


def valid_decisions(request: ApprovalRequest) -> list[Decision]:
    """What makes it approved: decisions of people who still may, as now stored, one for each person that is known as one."""
    found: Iterable[Decision] = request.decisions.exclude(verdict=Verdict.DENY)
    people = get_user_model().objects.in_bulk([one.person_id for one in found])
    valid: dict[Person, Decision] = {}
    for one in found:
        person = people.get(one.person_id)
        check = check_may_break_glass if one.verdict == Verdict.BREAK_GLASS else check_may_approve
        if person is None or obstacle(check, person, request):
            continue
        if one.verdict == Verdict.BREAK_GLASS or not any(is_same_person(person, other) for other in valid):
            valid[person] = one
    return list(valid.values())


def can_be_approved(request: ApprovalRequest) -> bool:
    """Whether as many people as it takes could approve it at present, or have."""
    given = [one.person_id for one in valid_decisions(request)]
    found: list[Person] = list(get_user_model().objects.filter(pk__in=given))
    needed = needed_for(request)
    for person in get_user_model().objects.filter(is_active=True).order_by("pk"):
        if len(found) >= needed:
            break
        if not obstacle(check_may_approve, person, request) and not any(
            is_same_person(person, other) for other in found
        ):
            found.append(person)
    return len(found) >= needed


def is_enough(request: ApprovalRequest, decisions: list[Decision]) -> bool:
    is_broken = any(one.verdict == Verdict.BREAK_GLASS for one in decisions)
    return is_broken or len(decisions) >= needed_for(request)
