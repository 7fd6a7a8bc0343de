"""Approve, deny or withdraw a request, or break the glass; what is approved begins at once, in the name of whoever asked."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import partial
from uuid import UUID

import structlog
from django.db import DatabaseError, IntegrityError
from django.utils import timezone

from snapshots.api import keys
from snapshots.approvals import rules, statements
from snapshots.approvals.asking import RUNS, Begun, family_of
from snapshots.approvals.models import OPEN, ApprovalRequest, Decision, Kind, State, Verdict
from snapshots.audit import journal
from snapshots.audit.journal import PORTAL, Actor, EntryData, JournalUnavailableError
from snapshots.audit.wording.statements import joined
from snapshots.operations.approval import Approval, Approved
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.guard import required_reason, under_lock
from snapshots.operations.retries import PASSING_CODES, pause_seconds
from snapshots.operations.rights import borrowed, check_person

log = structlog.get_logger()
LONGEST_PAUSE_SECONDS = 300


def approve(*, actor: Actor, pk: UUID) -> ApprovalRequest:
    """The person agrees with exactly what was confirmed. With enough people it begins at once.

    Raises OperationRefusedError (request_over, already_decided, those of rules.check_may_approve), JournalUnavailableError.
    """
    return _decide(actor, pk, Verdict.APPROVE, "", rules.check_may_approve)


def break_glass(*, actor: Actor, pk: UUID, reason: str) -> ApprovalRequest:
    """An admin does without approval, in an emergency; all approvers are told.

    Raises OperationRefusedError (reason_missing, request_over, not_an_approver), JournalUnavailableError.
    """
    return _decide(actor, pk, Verdict.BREAK_GLASS, required_reason(reason), rules.check_may_break_glass)


def deny(*, actor: Actor, pk: UUID, reason: str) -> ApprovalRequest:
    """It is over, unless it has begun.

    Raises OperationRefusedError (reason_missing, request_over, not_an_approver), JournalUnavailableError.
    """
    return _decide(actor, pk, Verdict.DENY, required_reason(reason), rules.check_may_deny)


def withdraw(*, actor: Actor, pk: UUID) -> ApprovalRequest:
    """By whoever asked. Raises OperationRefusedError (request_over, not_owner), JournalUnavailableError."""
    with _under_lock(pk, lambda asked: asked.entry(actor, "withdraw")) as asked:
        _check_open(asked, OPEN)
        journal.record(asked.entry(actor, "withdraw"))
        if asked.person_id != actor.id:
            raise OperationRefusedError("not_owner")
        _end(asked, State.WITHDRAWN)
    return asked


def _decide(actor: Actor, pk: UUID, verdict: Verdict, reason: str, check: rules.Check) -> ApprovalRequest:
    states = OPEN if verdict == Verdict.DENY else (State.WAITING,)
    with _under_lock(pk, lambda asked: _entry(asked, actor, verdict, reason)) as asked:
        _check_open(asked, states)
        journal.record(_entry(asked, actor, verdict, reason))
        check(check_person(actor.id, ()), asked)
        _store(asked, Decision(person_id=int(actor.id or 0), verdict=verdict, reason=reason))
    if asked.state == State.APPROVED:
        carry_out(asked)
    return asked


def _entry(asked: ApprovalRequest, actor: Actor, verdict: Verdict, reason: str) -> EntryData:
    noted = borrowed(actor.id, asked.rights)
    evidence = noted.added_to(statements.ASKED_BY.said(person=asked.person_id))
    return asked.entry(actor, verdict, reason=reason, evidence=evidence)


def _store(asked: ApprovalRequest, decision: Decision) -> None:
    """Under the log's lock, with what follows for the request."""
    if decision.verdict != Verdict.APPROVE:  # instead of what the person decided before
        asked.decisions.filter(person_id=decision.person_id).delete()
    decision.request, decision.at = asked, timezone.now()
    try:
        decision.save(force_insert=True)
    except IntegrityError:
        raise OperationRefusedError("already_decided") from None
    if decision.verdict == Verdict.DENY:
        _end(asked, State.DENIED)
    elif rules.is_enough(asked, rules.valid_decisions(asked)):
        asked.state = State.APPROVED
        asked.save(update_fields=["state"])


def _under_lock(
    pk: UUID, entry: Callable[[ApprovalRequest], EntryData]
) -> AbstractContextManager[ApprovalRequest]:
    find = ApprovalRequest.objects.filter(pk=pk).first
    return under_lock(find, entry, missing="request_over")


def _check_open(asked: ApprovalRequest, states: Sequence[State]) -> None:
    """Raises OperationRefusedError "request_over"."""
    if asked.state not in states or asked.expires_at <= timezone.now():
        raise OperationRefusedError("request_over")


def _end(asked: ApprovalRequest, state: State, code: str = "") -> None:
    asked.state, asked.code, asked.ended_at = state, code, timezone.now()
    asked.save(update_fields=["state", "code", "ended_at"])


def carry_out(asked: ApprovalRequest) -> None:
    """Begin what was approved. Whoever calls it, and however often, it is done once: see `_take`.

    What cannot be done for a passing reason, or because of a defect, is tried again by the worker until the request has expired.
    """
    try:
        _run(asked)
    except OperationRefusedError as error:
        if error.code in PASSING_CODES:
            _postpone(asked, error.retry_after_seconds)
        else:
            _void(asked, error.code)
    except (JournalUnavailableError, DatabaseError, TypeError, ValueError, LookupError):
        # Also what a defect raises: one request must not keep the worker from the others.
        log.exception("approval.not_carried_out", request=str(asked.pk))
        _postpone(asked)
    asked.refresh_from_db()


def _run(asked: ApprovalRequest) -> Begun:
    """Raises OperationRefusedError, JournalUnavailableError."""
    kind = Kind(asked.kind)
    approved = Approved(asked.form_key, _approval(asked), partial(_take, asked.pk))
    actor = Actor(
        id=asked.person_id,
        name=str(check_person(asked.person_id, ())),
        role=asked.role,
        channel=asked.channel,
        may_override=bool(asked.arguments.get("override_reason")),
    )
    return RUNS[kind](actor=actor, **family_of(kind).call_of(asked, approved))


def _approval(asked: ApprovalRequest) -> Approval:
    decisions = rules.valid_decisions(asked)
    glass = [one for one in decisions if one.verdict == Verdict.BREAK_GLASS]
    people = joined(
        (
            (statements.GLASS_BROKEN_BY if one in glass else statements.APPROVED_BY).said(
                person=one.person_id
            )
            for one in decisions
        ),
        ", ",
    )
    return Approval(
        text=joined([people, statements.REQUEST.said(request=asked.pk)]),
        asked_at=asked.created_at.isoformat(),
        given_at=timezone.now().isoformat(),
        lifts=tuple(asked.lifts),
        people=tuple(one.person_id for one in glass or decisions),
        needed=1 if glass else rules.needed_for(asked),
    )


def _take(pk: UUID) -> None:
    """approved → begun, in the transaction of the intent, if the approval holds and those who gave it still may."""
    asked = ApprovalRequest.objects.get(pk=pk)
    if asked.state != State.APPROVED or asked.expires_at <= timezone.now():
        raise OperationRefusedError("request_over")
    if rules.has_lost_right(asked):
        raise OperationRefusedError("asker_lost_right")
    if not rules.is_enough(asked, rules.valid_decisions(asked)):
        raise OperationRefusedError("approval_lost")
    if asked.api_key_id:
        for permission, server_id in asked.rights:
            keys.check_still_valid(asked.api_key_id, permission, server_id or 0)
    _end(asked, State.BEGUN)


def _postpone(asked: ApprovalRequest, at_least: int = 0) -> None:
    pause = pause_seconds(asked.tries, longest=LONGEST_PAUSE_SECONDS, at_least=at_least)
    ApprovalRequest.objects.filter(pk=asked.pk, state=State.APPROVED).update(
        tries=asked.tries + 1, next_try_at=timezone.now() + timedelta(seconds=pause)
    )


def _void(asked: ApprovalRequest, code: str) -> None:
    with journal.committed():
        still_open = ApprovalRequest.objects.filter(pk=asked.pk, state__in=OPEN)
        if still_open.update(state=State.VOID, code=code, ended_at=timezone.now()):
            journal.record(asked.entry(PORTAL, "void", result="failed", code=code))


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
    elif rules.is_hopeless(asked):
        _void(asked, "asker_lost_right")
        asked.refresh_from_db()
    elif asked.state == State.APPROVED and (asked.next_try_at is None or asked.next_try_at <= timezone.now()):
        carry_out(asked)
