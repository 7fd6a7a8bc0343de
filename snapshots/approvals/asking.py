"""Do what a person confirmed, or make a request of it where it takes the approval of others.

`begin` is the entry point of pages and API for whatever a policy can be about.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from django.db import IntegrityError
from django.utils import timezone

from snapshots import contract
from snapshots.approvals import of_batches, of_schedules, of_snapshots, statements
from snapshots.approvals.families import Asked, Family
from snapshots.approvals.models import OPEN, ApprovalRequest, Kind, RequestedItem
from snapshots.audit import journal
from snapshots.audit.journal import Actor
from snapshots.audit.wording.statements import LIST_LONGEST, joined
from snapshots.deletions.keeping import lift_protection
from snapshots.deletions.models import PlannedDeletion
from snapshots.deletions.service import request_delete
from snapshots.jobs import batches, plans
from snapshots.jobs.models import Job
from snapshots.operations import service
from snapshots.operations.approval import NEEDED, Approval
from snapshots.operations.confirmation import Authorization
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Operation
from snapshots.operations.ownership import check_rights
from snapshots.operations.policies import HOURS
from snapshots.operations.rights import borrowed, check_person, check_stored_token
from snapshots.schedules.models import Schedule

Begun = Operation | Job | PlannedDeletion | Schedule | None
"""None for what leaves nothing behind but its row of the log."""
RUNS: Final[dict[Kind, Callable[..., Begun]]] = {
    Kind.RESTORE: service.restore_snapshot,
    Kind.SAFE_RESTORE: plans.safe_restore,
    Kind.DELETE: request_delete,
    Kind.REPLACE: plans.replace_snapshot,
    Kind.UNPROTECT: lift_protection,
    Kind.CREATE_MANY: batches.create_many,
    Kind.DELETE_MANY: batches.delete_many,
    Kind.RESTORE_MANY: batches.restore_many,
    **of_schedules.RUNS,
}
_OF_SNAPSHOTS: Final = Family(of_snapshots.form_key, of_snapshots.describe, of_snapshots.call_of)
_OF_BATCHES: Final = Family(of_batches.form_key, of_batches.describe, of_batches.call_of)
_OF_SCHEDULES: Final = Family(of_schedules.form_key, of_schedules.describe, of_schedules.call_of)
OVERRIDABLE: Final = frozenset({NEEDED, "server_locked", "frozen"})
"""Refusals that an approval lifts."""
DEFAULT_HOURS: Final = HOURS[1]
MOST_OPEN: Final = 20
"""How many requests of one person may wait: more are not read by those who decide them."""


def family_of(kind: Kind) -> Family:
    if kind.is_schedule:
        return _OF_SCHEDULES
    return _OF_BATCHES if kind.is_batch else _OF_SNAPSHOTS


def begin(
    kind: Kind,
    *,
    actor: Actor,
    confirmation: Any,
    asks: bool = False,
    api_key_id: str = "",
    **arguments: Any,
) -> Begun | ApprovalRequest:
    """Do it, or ask for approval where a policy wants that; with `asks` also where a lock or a freeze forbids it.

    A form that was sent before returns what it made. Raises OperationRefusedError, JournalUnavailableError.
    """
    asked = Asked(kind, actor, confirmation, arguments)
    earlier = _asked_before(asked)
    if earlier is not None:
        return earlier
    try:
        return RUNS[kind](actor=actor, confirmation=confirmation, **arguments)
    except OperationRefusedError as error:
        if error.code != NEEDED and not (asks and error.code in OVERRIDABLE):
            raise
        lifts = sorted(OVERRIDABLE) if asks else [NEEDED]
        return _ask(asked, lifts=lifts, api_key_id=api_key_id)


def _asked_before(asked: Asked) -> ApprovalRequest | None:
    try:
        form_key = family_of(asked.kind).form_key(asked)
    except OperationRefusedError:  # the run itself refuses and records it
        return None
    return ApprovalRequest.objects.filter(form_key=form_key).first()


def _ask(asked: Asked, *, lifts: list[str], api_key_id: str) -> ApprovalRequest:
    family, actor = family_of(asked.kind), asked.actor
    described = family.describe(asked, Approval.to_ask_for(tuple(lifts)))
    request = ApprovalRequest(
        form_key=family.form_key(asked),
        kind=asked.kind,
        lifts=lifts,
        title=described.title,
        arguments=described.arguments,
        reason=contract.clean_reason(asked.arguments.get("reason", "")),
        person_id=int(actor.id or 0),
        role=actor.role,
        channel=actor.channel,
        api_key_id=api_key_id,
        created_at=timezone.now(),
    )
    request.items = list(described.items)
    _set_limits(request)
    try:
        _save(request, actor, asked.confirmation)
    except IntegrityError:  # the same form at the same moment
        return ApprovalRequest.objects.get(form_key=request.form_key)
    return request


def _save(request: ApprovalRequest, actor: Actor, confirmation: Any) -> None:
    """With its row of the log, and the rights checked under the log's lock."""
    with journal.committed():
        noted = borrowed(actor.id, request.rights_of_asker)
        request.asked_under = list(noted.ids)
        request.save(force_insert=True)
        for item in request.items:
            item.request = request
        RequestedItem.objects.bulk_create(request.items)
        evidence = noted.added_to(evidence_of(request))
        journal.record(request.entry(actor, "request", reason=request.reason, evidence=evidence))
        check = check_rights if Kind(request.kind).may_be_of_owner else check_person
        check(actor.id, request.rights_of_asker, noted=noted)
        _check_tokens(request)
        _check_number(request)
        if isinstance(confirmation, Authorization):
            confirmation.guard()


def _check_tokens(request: ApprovalRequest) -> None:
    """What an owner deletes is deleted with a token that may delete: its limits know of no owners."""
    tokens = {item.server_id: item.token_id for item in request.items}
    for permission, server_id in request.rights:
        if server_id is not None and tokens[server_id]:
            check_stored_token(tokens[server_id], permission, server_id)


def _check_number(request: ApprovalRequest) -> None:
    waiting = ApprovalRequest.objects.filter(person_id=request.person_id, state__in=OPEN)
    if waiting.filter(expires_at__gt=timezone.now()).count() > MOST_OPEN:
        raise OperationRefusedError("too_many_requests")


def _set_limits(request: ApprovalRequest) -> None:
    """How many have to approve it, and until when: what the policies ask for, of several the strictest."""
    policies = request.policies
    request.needed = max([one.needed for one in policies], default=1)
    hours = min([one.hours for one in policies], default=DEFAULT_HOURS)
    request.expires_at = timezone.now() + timedelta(hours=hours)


def evidence_of(request: ApprovalRequest) -> str:
    """For the log: what is asked for, of what, and how many have to approve it until when."""
    items = () if request.item else request.items
    rooms = [item.also_deletes for item in request.items if item.also_deletes]
    said = [
        statements.WANTED.said(kind=request.kind),
        statements.TITLED.said(title=request.title) if request.title else "",
        statements.LIFTS.said(codes=request.lifts) if request.lifts else "",
        statements.NEEDED.said(needed=request.needed, until=request.expires_at),
        *(statements.OF_SNAPSHOT.said(snapshot=one.snapshot_name, server=one.server_name) for one in items),
        *(statements.AFTER_DELETING.said(snapshot=one) for one in rooms),
    ]
    return joined(said, longest=LIST_LONGEST)
