"""Do what a person confirmed, or make a request of it where it takes the approval of others.

`begin` is the entry point of pages and API for restores and deletions.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from django.db import IntegrityError
from django.utils import timezone

from snapshots import contract
from snapshots.approvals.models import ApprovalRequest, Kind
from snapshots.approvals.rules import policies_of
from snapshots.audit import journal
from snapshots.audit.journal import Actor
from snapshots.contract import Snapshot
from snapshots.deletions.models import PlannedDeletion
from snapshots.deletions.service import request_delete
from snapshots.jobs import plans
from snapshots.jobs.models import Job
from snapshots.operations import service
from snapshots.operations.approval import Approval
from snapshots.operations.confirmation import Authorization, Confirmation
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Operation
from snapshots.operations.policies import HOURS
from snapshots.operations.preconditions import read_server, restorable_snapshot, unchanged_snapshot
from snapshots.operations.protection import Target, check_unprotected
from snapshots.operations.rights import borrowed, check_person, check_still_allowed
from snapshots.operations.server_views import ServerView
from snapshots.operations.service import Request, read_request
from snapshots.vault.models import StoredToken

Begun = Operation | Job | PlannedDeletion
RUNS: Final[dict[Kind, Callable[..., Begun]]] = {
    Kind.RESTORE: service.restore_snapshot,
    Kind.SAFE_RESTORE: plans.safe_restore,
    Kind.DELETE: request_delete,
}
NEEDS_APPROVAL: Final = "approval_needed"
OVERRIDABLE: Final = frozenset({NEEDS_APPROVAL, "server_locked", "frozen"})
"""Refusals that an approval lifts."""
DEFAULT_HOURS: Final = HOURS[1]


def begin(
    kind: Kind,
    *,
    actor: Actor,
    token: StoredToken,
    confirmation: str | Authorization,
    asks: bool = False,
    api_key_id: str = "",
    **arguments: Any,
) -> Begun | ApprovalRequest:
    """Do it, or ask for approval where a policy wants that; with `asks` also where a lock or a freeze forbids it.

    A form that was sent before returns what it made. Raises OperationRefusedError, JournalUnavailableError.
    """
    request = Request(kind.action, actor, token, confirmation, "")
    earlier = _asked_before(request)
    if earlier is not None:
        return earlier
    try:
        return RUNS[kind](actor=actor, token=token, confirmation=confirmation, **arguments)
    except OperationRefusedError as error:
        if error.code != NEEDS_APPROVAL and not (asks and error.code in OVERRIDABLE):
            raise
        lifts = sorted(OVERRIDABLE) if asks else [NEEDS_APPROVAL]
        return _ask(kind, request, arguments, lifts=lifts, api_key_id=api_key_id)


def _asked_before(request: Request) -> ApprovalRequest | None:
    try:
        confirmed = read_request(request)
    except OperationRefusedError:  # the run itself refuses and records it
        return None
    return ApprovalRequest.objects.filter(form_key=confirmed.idempotency_key).first()


def _ask(
    kind: Kind, request: Request, arguments: dict[str, Any], *, lifts: list[str], api_key_id: str
) -> ApprovalRequest:
    now = timezone.now()
    stands_for = Approval("to be asked for", now.isoformat(), now.isoformat(), tuple(lifts))
    # Only for the checks: nothing is sent with it.
    confirmed = replace(read_request(request), approval=stands_for)
    view = read_server(request.token, confirmed)
    snapshot, room = _check(kind, confirmed, view, arguments)
    asked = ApprovalRequest(
        form_key=confirmed.idempotency_key,
        kind=kind,
        lifts=lifts,
        **Target(request.token, view.name, snapshot).columns,
        also_deletes=room,
        arguments=arguments,
        reason=contract.clean_reason(arguments.get("reason", "")),
        person_id=int(request.actor.id or 0),
        role=request.actor.role,
        channel=request.actor.channel,
        api_key_id=api_key_id,
        created_at=now,
    )
    _set_limits(asked)
    try:
        with journal.committed():
            _insert(asked, request.actor)
            request.guard()
    except IntegrityError:  # the same form at the same moment
        return ApprovalRequest.objects.get(form_key=confirmed.idempotency_key)
    return asked


def _insert(asked: ApprovalRequest, actor: Actor) -> None:
    """With its row of the log, and the rights checked under the log's lock."""
    rights = [(action.permission, asked.server_id) for action in asked.actions]
    noted = borrowed(actor.id, rights)
    asked.asked_under = list(noted.ids)
    asked.save(force_insert=True)
    evidence = noted.added_to(_evidence(asked))
    journal.record(asked.entry(actor, "request", reason=asked.reason, evidence=evidence))
    check_person(actor.id, rights, noted=noted)
    for action in asked.actions:
        check_still_allowed(actor.id, action.permission, server_id=asked.server_id, token_id=asked.token_id)


def _check(
    kind: Kind, confirmed: Confirmation, view: ServerView, arguments: dict[str, Any]
) -> tuple[Snapshot, str]:
    """The snapshot that was confirmed, if it could be done now, and what is deleted first. Raises OperationRefusedError."""
    if kind == Kind.DELETE:
        snapshot = unchanged_snapshot(confirmed, view)
        check_unprotected(server_id=view.server_id, snapshot_id=snapshot.id)
        return snapshot, ""
    words = {name: arguments.get(name, "") for name in ("typed_name", "reason")}
    snapshot = restorable_snapshot(confirmed, view, **words)
    if kind == Kind.RESTORE:
        return snapshot, ""
    room = arguments.get("make_room", "")
    steps = plans.Lane(view, "").room_steps(room, needed_id=snapshot.id, approval=confirmed.approval)
    return snapshot, "".join(f"{one.snapshot_name} (ID {one.snapshot_id})" for one in steps)


def _set_limits(asked: ApprovalRequest) -> None:
    """How many have to approve it, and until when: what the policies ask for, of several the strictest."""
    policies = policies_of(asked)
    asked.needed = max([one.needed for one in policies], default=1)
    hours = min([one.hours for one in policies], default=DEFAULT_HOURS)
    asked.expires_at = timezone.now() + timedelta(hours=hours)


def _evidence(asked: ApprovalRequest) -> str:
    room = f", after deleting {asked.also_deletes}" if asked.also_deletes else ""
    needed = f"{asked.needed} to approve until {asked.expires_at:%Y-%m-%d %H:%M} UTC"
    return f"{asked.kind}{room}; lifts {', '.join(asked.lifts)}; {needed}"
