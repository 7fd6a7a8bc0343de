"""Approve, deny or withdraw a request, or break the glass; what is approved begins at once, in the name of whoever asked."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

import structlog
from django.db import DatabaseError, IntegrityError
from django.utils import timezone

from snapshots.api import keys
from snapshots.approvals import rules
from snapshots.approvals.asking import RUNS, Begun
from snapshots.approvals.models import OPEN, ApprovalRequest, Decision, Kind, State, Verdict
from snapshots.audit import journal
from snapshots.audit.journal import Actor, JournalUnavailableError
from snapshots.connection import Person
from snapshots.jobs.models import Job
from snapshots.operations.confirmation import Authorization, Confirmation
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.guard import required_reason
from snapshots.operations.models import Operation
from snapshots.operations.retries import PASSING_CODES
from snapshots.operations.rights import check_person
from snapshots.vault.models import StoredToken

log = structlog.get_logger()
Check = Callable[[Person, ApprovalRequest], None]
PORTAL = Actor(id=None, name="", role="", channel="schedule")
"""Who ends a request that nobody ends."""


def approve(*, actor: Actor, pk: UUID) -> ApprovalRequest:
    """The person agrees with exactly what was confirmed. With enough people it begins at once.

    Raises OperationRefusedError (request_over, already_decided, those of rules.check_may_approve), JournalUnavailableError.
    """
    return _decide(actor, pk, Verdict.APPROVE, "", rules.check_may_approve)


def break_glass(*, actor: Actor, pk: UUID, reason: str) -> ApprovalRequest:
    """An admin does without approval, in an emergency; all approvers are told.

    Raises OperationRefusedError (reason_missing, request_over, already_decided, not_an_approver), JournalUnavailableError.
    """
    return _decide(actor, pk, Verdict.BREAK_GLASS, required_reason(reason), rules.check_may_break_glass)


def deny(*, actor: Actor, pk: UUID, reason: str) -> ApprovalRequest:
    """It is over. Raises OperationRefusedError (as `approve`, and reason_missing), JournalUnavailableError."""
    return _decide(actor, pk, Verdict.DENY, required_reason(reason), rules.check_may_approve)


def withdraw(*, actor: Actor, pk: UUID) -> ApprovalRequest:
    """By whoever asked. Raises OperationRefusedError (request_over, not_owner), JournalUnavailableError."""
    with journal.committed():
        asked = _waiting(pk)
        journal.record(asked.entry(actor, "withdraw"))
        if asked.person_id != actor.id:
            raise OperationRefusedError("not_owner")
        _end(asked, State.WITHDRAWN)
    return asked


def _decide(actor: Actor, pk: UUID, verdict: Verdict, reason: str, check: Check) -> ApprovalRequest:
    try:
        with journal.committed():
            asked = _waiting(pk)
            journal.record(
                asked.entry(actor, verdict, reason=reason, evidence=f"asked by person {asked.person_id}")
            )
            check(check_person(actor.id, ()), asked)
            Decision.objects.create(
                request=asked, person_id=int(actor.id or 0), verdict=verdict, reason=reason, at=timezone.now()
            )
            if verdict == Verdict.DENY:
                _end(asked, State.DENIED)
            elif rules.is_enough(asked, rules.valid_decisions(asked)):
                asked.state = State.APPROVED
                asked.save(update_fields=["state"])
    except IntegrityError:
        raise OperationRefusedError("already_decided") from None
    if asked.state == State.APPROVED:
        carry_out(asked)
    return asked


def _waiting(pk: UUID) -> ApprovalRequest:
    """Under the log's lock. Raises OperationRefusedError "request_over"."""
    asked = ApprovalRequest.objects.filter(pk=pk, state=State.WAITING, expires_at__gt=timezone.now()).first()
    if asked is None:
        raise OperationRefusedError("request_over")
    return asked


def _end(asked: ApprovalRequest, state: State, code: str = "") -> None:
    asked.state, asked.code, asked.ended_at = state, code, timezone.now()
    asked.save(update_fields=["state", "code", "ended_at"])


def carry_out(asked: ApprovalRequest) -> None:
    """Begin what was approved. Whoever calls it, and however often, it is done once: the form's one-time key sees to that.

    What cannot be done for a passing reason is tried again by the worker, until the request has expired.
    """
    try:
        begun = _run(asked)
    except OperationRefusedError as error:
        if error.code not in PASSING_CODES:
            _conclude(asked, State.VOID, code=error.code)
        return
    except (JournalUnavailableError, DatabaseError):
        log.exception("approval.not_carried_out", request=str(asked.pk))
        return
    begun_as = (
        "operation" if isinstance(begun, Operation) else "job" if isinstance(begun, Job) else "deletion"
    )
    _conclude(asked, State.BEGUN, begun_id=begun.pk, begun_as=begun_as)


def _run(asked: ApprovalRequest) -> Begun:
    """Raises OperationRefusedError, JournalUnavailableError."""
    token = StoredToken.objects.filter(pk=asked.token_id).first()
    if token is None:
        raise OperationRefusedError("token_gone")
    name = str(check_person(asked.person_id, ()))
    return RUNS[Kind(asked.kind)](
        actor=Actor(id=asked.person_id, name=name, role=asked.role, channel=asked.channel),
        token=token,
        confirmation=Authorization(_confirmation(asked), partial(_check_still_approved, asked.pk)),
        **asked.arguments,
    )


def _confirmation(asked: ApprovalRequest) -> Confirmation:
    people = ", ".join(
        f"glass broken by person {one.person_id}"
        if one.verdict == Verdict.BREAK_GLASS
        else f"approved by person {one.person_id}"
        for one in rules.valid_decisions(asked)
    )
    return Confirmation(
        idempotency_key=asked.form_key,
        actor_id=asked.person_id,
        action=asked.action,
        token_id=asked.token_id,
        server_id=asked.server_id,
        snapshot_id=asked.snapshot_id,
        fingerprint=asked.fingerprint,
        approval=f"{people}; request {asked.pk}"[-300:],
    )


def _check_still_approved(pk: UUID) -> None:
    """In the transaction of the intent: the approval holds, and those who gave it still may."""
    asked = ApprovalRequest.objects.get(pk=pk)
    if asked.state != State.APPROVED or asked.expires_at <= timezone.now():
        raise OperationRefusedError("request_over")
    if not rules.is_enough(asked, rules.valid_decisions(asked)):
        raise OperationRefusedError("approval_lost")
    if asked.api_key_id:
        keys.check_still_valid(asked.api_key_id, asked.action.permission, asked.server_id)


def _conclude(asked: ApprovalRequest, state: State, *, code: str = "", **begun: object) -> None:
    with journal.committed():
        moved = ApprovalRequest.objects.filter(pk=asked.pk, state=State.APPROVED).update(
            state=state, code=code, ended_at=timezone.now(), **begun
        )
        if moved and state == State.VOID:
            journal.record(asked.entry(PORTAL, "void", result="failed", code=code))
    asked.refresh_from_db()


def run_due() -> int:
    """Expire what nobody decided, and carry out what was approved and could not begin. Returns how many changed."""
    changed = 0
    for asked in ApprovalRequest.objects.filter(state__in=OPEN).order_by("created_at"):
        before = asked.state
        try:
            _move(asked)
        except (JournalUnavailableError, DatabaseError):
            log.exception("approval.not_moved", request=str(asked.pk))
            continue
        changed += asked.state != before
    return changed


def _move(asked: ApprovalRequest) -> None:
    if asked.expires_at <= timezone.now():
        with journal.committed():
            moved = ApprovalRequest.objects.filter(pk=asked.pk, state__in=OPEN).update(
                state=State.EXPIRED, ended_at=timezone.now()
            )
            if moved:
                journal.record(asked.entry(PORTAL, "expire", result="failed", code="expired"))
        asked.refresh_from_db()
    elif asked.state == State.APPROVED:
        carry_out(asked)
