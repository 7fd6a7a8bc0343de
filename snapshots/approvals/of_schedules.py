"""Requests about schedules: one that deletes, a change after which one deletes more, and one that is resumed.

The confirmation of such a form is its one-time key.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from snapshots.approvals.families import Asked, Described
from snapshots.approvals.models import ApprovalRequest, Kind, RequestedItem
from snapshots.audit.journal import Actor
from snapshots.operations.approval import Approval, Approved, approved_of
from snapshots.operations.errors import OperationRefusedError
from snapshots.schedules import service
from snapshots.schedules.definition import Definition, definition_of
from snapshots.schedules.models import Schedule
from snapshots.vault.models import StoredToken

Key = str | Approved[str]


class _RehearsedError(Exception):
    """Ends the transaction of a rehearsal, so that nothing of it is stored."""


def create(
    *, actor: Actor, confirmation: Key, token: StoredToken, definition: Definition, preview: str
) -> Schedule:
    """See service.create_schedule."""
    return service.create_schedule(
        actor=actor,
        token=token,
        definition=definition,
        preview=preview,
        form_key=_key(confirmation),
        approved=approved_of(confirmation),
    )


def change(
    *,
    actor: Actor,
    confirmation: Key,
    schedule_id: str,
    token: StoredToken,
    definition: Definition,
    preview: str,
    seen: str,
) -> Schedule:
    """See service.change_schedule. `seen`: in ISO format."""
    schedule = _present(schedule_id)
    service.change_schedule(
        actor=actor,
        schedule=schedule,
        token=token,
        definition=definition,
        preview=preview,
        seen=datetime.fromisoformat(seen),
        approved=approved_of(confirmation),
    )
    return schedule


def resume(*, actor: Actor, confirmation: Key, schedule_id: str, reason: str = "") -> Schedule:
    """See service.resume."""
    schedule = _present(schedule_id)
    service.resume(actor=actor, schedule=schedule, reason=reason, approved=approved_of(confirmation))
    return schedule


RUNS: dict[Kind, Callable[..., Schedule]] = {
    Kind.CREATE_SCHEDULE: create,
    Kind.CHANGE_SCHEDULE: change,
    Kind.RESUME_SCHEDULE: resume,
}


def form_key(asked: Asked) -> str:
    return _key(asked.confirmation)


def describe(asked: Asked, approval: Approval) -> Described:
    """Done in a transaction that is rolled back, so that all checks are those of the call. Raises OperationRefusedError."""
    with suppress(_RehearsedError):
        RUNS[asked.kind](
            actor=asked.actor,
            confirmation=Approved(_key(asked.confirmation), approval, _end_rehearsal),
            **asked.arguments,
        )
    if asked.kind == Kind.RESUME_SCHEDULE:
        return _resumed(asked.arguments)
    definition, token = asked.arguments["definition"], asked.arguments["token"]
    stored = asked.arguments | {"definition": asdict(definition), "token": token.pk, "preview": ""}
    if asked.kind == Kind.CHANGE_SCHEDULE:
        stored["before"] = asdict(definition_of(_present(asked.arguments["schedule_id"])))
    return Described(_items(definition, token.columns), stored, title=definition.name)


def call_of(request: ApprovalRequest, approved: Approved[str]) -> dict[str, Any]:
    """Raises OperationRefusedError."""
    stored = request.arguments
    found = {name: stored[name] for name in ("schedule_id", "seen", "preview") if name in stored}
    if request.kind == Kind.RESUME_SCHEDULE:
        guard = partial(_guard_resumed, stored["schedule_id"], found.pop("seen"), approved)
        return found | {"confirmation": replace(approved, guard=guard), "reason": request.reason}
    token = StoredToken.objects.filter(pk=stored["token"]).first()
    if token is None:
        raise OperationRefusedError("token_gone")
    definition = definition_in(request, "definition")
    return found | {"confirmation": approved, "token": token, "definition": definition}


def _guard_resumed(schedule_id: str, seen: str, approved: Approved[str]) -> None:
    """What is resumed is what was approved."""
    if _present(schedule_id).changed_at.isoformat() != seen:
        raise OperationRefusedError("schedule_changed")
    approved.guard()


def definition_in(request: ApprovalRequest, name: str) -> Definition:
    """The one that was confirmed ("definition"), or that the schedule had then ("before")."""
    return msgspec.convert(request.arguments[name], Definition)


def _end_rehearsal() -> None:
    raise _RehearsedError


def _key(confirmation: Key) -> str:
    return confirmation.confirmed if isinstance(confirmation, Approved) else confirmation


def _present(schedule_id: str) -> Schedule:
    found = Schedule.objects.present().filter(pk=schedule_id).first()
    if found is None:
        raise OperationRefusedError("schedule_gone")
    return found


def _resumed(arguments: dict[str, Any]) -> Described:
    schedule = _present(arguments["schedule_id"])
    definition = definition_of(schedule)
    stored = arguments | {"definition": asdict(definition), "seen": schedule.changed_at.isoformat()}
    items = _items(definition, {"token_fingerprint": schedule.token_fingerprint})
    return Described(items, stored, title=schedule.name)


def _items(definition: Definition, token: dict[str, str]) -> Sequence[RequestedItem]:
    if definition.covers_all:
        return [RequestedItem(**token)]
    return [RequestedItem(server_id=number, server_name=name, **token) for number, name in definition.servers]
