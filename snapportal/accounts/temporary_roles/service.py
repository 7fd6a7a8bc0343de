"""Ask for a temporary role, decide it, and end it. Each change and its row of the log are one transaction.

Every change is made only if the state is still the one that it starts from: of several at once one is made.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils import timezone

from snapportal.accounts.models import User
from snapportal.accounts.temporary_roles.models import State, TemporaryRole
from snapportal.accounts.temporary_roles.rules import (
    HOURS,
    check_may_ask,
    check_may_decide,
    check_may_grant,
)
from snapshots.audit import journal
from snapshots.audit.journal import PORTAL, Actor
from snapshots.audit.wording.shared import UNTIL
from snapshots.audit.wording.statements import joined
from snapshots.contract import clean_reason
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.guard import required_reason, under_lock

WAITS: Final = timedelta(hours=24)
"""How long a request waits for its decision."""


def ask(*, actor: Actor, role: str, servers: Mapping[int, str], hours: int, reason: str) -> TemporaryRole:
    """`servers`: ID → name. A person has at most one request that waits.

    Raises OperationRefusedError (reason_missing, bad_wish, asked_already, those of rules.check_may_ask), JournalUnavailableError.
    """
    now = timezone.now()
    asked = TemporaryRole(
        person_id=int(actor.id or 0),
        role=role,
        servers=sorted([number, name] for number, name in servers.items()),
        hours=hours,
        reason=required_reason(reason),
        asked_at=now,
        waits_until=now + WAITS,
    )
    if hours not in HOURS or not servers:
        raise OperationRefusedError("bad_wish")
    try:
        with journal.committed():
            journal.record(asked.entry(actor, "ask", reason=asked.reason))
            check_may_ask(_person(actor), asked)
            _expire(TemporaryRole.objects.filter(person_id=asked.person_id))
            asked.save(force_insert=True)
    except IntegrityError:
        raise OperationRefusedError("asked_already") from None
    return asked


def withdraw(*, actor: Actor, pk: UUID) -> TemporaryRole:
    """By whoever asked. Raises OperationRefusedError (request_over, not_owner), JournalUnavailableError."""
    with _under_lock(actor, pk, "withdraw") as asked:
        journal.record(asked.entry(actor, "withdraw"))
        if asked.person_id != actor.id:
            raise OperationRefusedError("not_owner")
        _move(asked, State.WAITING, state=State.WITHDRAWN, **_decided(actor))
    return asked


def grant(*, actor: Actor, pk: UUID) -> TemporaryRole:
    """It begins now, and ends by itself.

    Raises OperationRefusedError (request_over, those of rules.check_may_grant), JournalUnavailableError.
    """
    with _under_lock(actor, pk, "grant") as asked:
        ends_at = timezone.now() + timedelta(hours=asked.hours)
        evidence = joined([asked.described(), UNTIL.said(at=ends_at)], ", ")
        journal.record(asked.entry(actor, "grant", evidence=evidence))
        check_may_grant(_person(actor), asked)
        _check_in_time(asked)
        _move(asked, State.WAITING, state=State.GRANTED, ends_at=ends_at, **_decided(actor))
    return asked


def deny(*, actor: Actor, pk: UUID, reason: str) -> TemporaryRole:
    """Raises OperationRefusedError (reason_missing, request_over, those of rules.check_may_decide), JournalUnavailableError."""
    text = required_reason(reason)
    with _under_lock(actor, pk, "deny", text) as asked:
        journal.record(asked.entry(actor, "deny", reason=text))
        check_may_decide(_person(actor), asked)
        _move(asked, State.WAITING, state=State.DENIED, denial=text, **_decided(actor))
    return asked


def end_now(*, actor: Actor, pk: UUID, reason: str = "") -> TemporaryRole:
    """Before its time: work that was begun under it stops at its next step. Who has it needs no reason, anybody else does.

    Raises OperationRefusedError (reason_missing, request_over, those of rules.check_may_decide), JournalUnavailableError.
    """
    given = clean_reason(reason)
    with _under_lock(actor, pk, "end", given) as role:
        is_own = role.person_id == actor.id
        text = given if is_own else required_reason(reason)
        journal.record(role.entry(actor, "end", reason=text))
        if not is_own:
            check_may_decide(_person(actor), role)
        if not role.is_held:
            raise OperationRefusedError("request_over")
        _move(role, State.GRANTED, **_ended_early(actor, text))
    return role


def end_all(person: User, *, actor: Actor) -> None:
    """Of somebody who is deactivated. Only inside `journal.committed()`."""
    for role in TemporaryRole.objects.filter(person_id=person.pk, state=State.GRANTED):
        if role.is_held:
            journal.record(role.entry(actor, "end", code="deactivated"))
            _move(role, State.GRANTED, **_ended_early(actor, ""))


def _under_lock(actor: Actor, pk: UUID, verb: str, reason: str = "") -> AbstractContextManager[TemporaryRole]:
    find = TemporaryRole.objects.select_related("person").filter(pk=pk).first
    return under_lock(find, lambda role: role.entry(actor, verb, reason=reason), missing="request_over")


def write_down_ends() -> int:
    """What has ended by itself, and what nobody has decided in time. Returns how many. Raises JournalUnavailableError."""
    over = TemporaryRole.objects.filter(state=State.GRANTED, ends_at__lte=timezone.now())
    late = TemporaryRole.objects.filter(state=State.WAITING, waits_until__lte=timezone.now())
    if not over.exists() and not late.exists():
        return 0
    with journal.committed():
        ended = 0
        for role in over:
            if over.filter(pk=role.pk).update(state=State.ENDED, ended_at=role.ends_at):
                journal.record(role.entry(PORTAL, "end", code="by_itself"))
                ended += 1
        return ended + _expire(late)


def _expire(rows: QuerySet[TemporaryRole]) -> int:
    """Those of these requests whose time is over."""
    late = rows.filter(state=State.WAITING, waits_until__lte=timezone.now())
    expired = 0
    for asked in late:
        if late.filter(pk=asked.pk).update(state=State.EXPIRED, decided_at=timezone.now()):
            journal.record(asked.entry(PORTAL, "expire", result="failed", code="expired"))
            expired += 1
    return expired


def _person(actor: Actor) -> User:
    """As now stored."""
    person = User.objects.filter(pk=actor.id or 0).first()
    if person is None:
        raise OperationRefusedError("not_allowed_any_more")
    return person


def _check_in_time(asked: TemporaryRole) -> None:
    if not asked.asked_at <= timezone.now() < asked.waits_until:
        raise OperationRefusedError("request_over")


def _decided(actor: Actor) -> dict[str, Any]:
    return {"decided_at": timezone.now(), "decided_by_id": actor.id}


def _ended_early(actor: Actor, reason: str) -> dict[str, Any]:
    return {
        "state": State.ENDED,
        "ended_at": timezone.now(),
        "ended_by_id": actor.id or 0,
        "end_reason": reason,
    }


def _move(role: TemporaryRole, expected: State, **changes: Any) -> None:
    """Raises OperationRefusedError "request_over" if the state is another one by now."""
    if not TemporaryRole.objects.filter(pk=role.pk, state=expected).update(**changes):
        raise OperationRefusedError("request_over")
    for name, value in changes.items():
        setattr(role, name, value)
