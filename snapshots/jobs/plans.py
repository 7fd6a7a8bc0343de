"""The plans of jobs on one server: which operations follow from what a person confirmed, checked like a single operation."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.utils import timezone

from snapshots import contract
from snapshots.audit.journal import Actor
from snapshots.contract import Snapshot
from snapshots.inventory.names import free_name, visible_name
from snapshots.inventory.servers import find_snapshot
from snapshots.jobs import engine, service
from snapshots.jobs.models import Job, Kind, Step
from snapshots.jobs.room import NO_NEED, needs_in, room_id, room_key
from snapshots.operations.approval import Approval
from snapshots.operations.blocks import check_not_blocked
from snapshots.operations.confirmation import Authorization, Confirmation, snapshot_fingerprint
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action
from snapshots.operations.preconditions import check_server_exists, read_server, restorable_snapshot
from snapshots.operations.requests import Request, read_request, record_refusal
from snapshots.operations.rights import OVERRIDE_PERMISSION, check_still_allowed, check_token
from snapshots.operations.server_views import ServerView
from snapshots.vault.models import StoredToken


def safety_name(now: datetime, taken: set[str]) -> str:
    """'before-restore-2026-11-24-1730', in UTC; numbered if that name exists."""
    return free_name(f"before-restore-{now:%Y-%m-%d-%H%M}", taken)


def safe_restore(
    *,
    actor: Actor,
    token: StoredToken,
    confirmation: str | Authorization,
    typed_name: str,
    reason: str,
    override_reason: str = "",
    make_room: str = "",
) -> Job:
    """Delete what makes room (if the server is full) → create a safety snapshot → restore.

    `make_room` is the `room_key` of the snapshot to delete. Raises OperationRefusedError, JournalUnavailableError.
    """
    request = Request(Action.RESTORE, actor, token, confirmation, override_reason, reason)

    def plan(confirmed: Confirmation, view: ServerView) -> list[Step]:
        snapshot = restorable_snapshot(confirmed, view, typed_name=typed_name, reason=reason)
        taken = {visible_name(one.name) for one in view.snapshots}
        lane = Lane(view, request.override)
        steps = lane.room_steps(make_room, needed_id=snapshot.id, approval=confirmed.approval)
        steps.append(lane.step(Action.CREATE, name=safety_name(timezone.now(), taken)))
        steps.append(lane.step(Action.RESTORE, snapshot=snapshot, typed_name=typed_name))
        return steps

    return _start(request, Kind.SAFE_RESTORE, plan, reason)


def replace_snapshot(
    *,
    actor: Actor,
    token: StoredToken,
    confirmation: str | Authorization,
    name: str,
    make_room: str,
    description: str = "",
    reason: str = "",
    override_reason: str = "",
) -> Job:
    """Delete the chosen snapshot of a full server → create one. Raises OperationRefusedError, JournalUnavailableError."""
    request = Request(Action.CREATE, actor, token, confirmation, override_reason, reason, name)

    def plan(confirmed: Confirmation, view: ServerView) -> list[Step]:
        check_server_exists(view)
        if not contract.is_valid_name(name):
            raise OperationRefusedError("bad_name")
        lane = Lane(view, request.override)
        steps = lane.room_steps(make_room, needed_id=None, approval=confirmed.approval)
        return [*steps, lane.step(Action.CREATE, name=name, description=description)]

    return _start(request, Kind.REPLACE, plan, reason)


@dataclass(frozen=True)
class Lane:
    """Makes the steps for one server, in order."""

    view: ServerView
    override_reason: str

    def step(
        self,
        action: Action,
        *,
        snapshot: Snapshot | None = None,
        name: str = "",
        typed_name: str = "",
        description: str = "",
        at_once: bool = False,
        spares_newest: bool = False,
    ) -> Step:
        """Raises OperationRefusedError (token_limited)."""
        check_token(self.view.token, action.permission, self.view.server_id)
        return Step(
            action=action,
            token_id=self.view.token.pk,
            server_id=self.view.server_id,
            server_name=self.view.name,
            snapshot_id=snapshot.id if snapshot else None,
            snapshot_name=snapshot.name if snapshot else name,
            fingerprint=snapshot_fingerprint(snapshot),
            typed_name=typed_name,
            description=description,
            override_reason=self.override_reason,
            at_once=at_once,
            spares_newest=spares_newest,
        )

    def room_steps(
        self, make_room: str, *, needed_id: int | None, approval: Approval | None = None
    ) -> list[Step]:
        """The delete that makes room; none while there is room. Raises OperationRefusedError if it was not chosen."""
        if not self.view.is_full:
            return []
        number = room_id(make_room)
        if number is None:
            raise OperationRefusedError("room_missing")
        snapshot = find_snapshot(self.view.reading, number)
        if snapshot is None or snapshot.server.id != self.view.server_id:
            raise OperationRefusedError("snapshot_gone")
        if snapshot.id == needed_id:
            raise OperationRefusedError("room_is_needed")
        if snapshot.id in self.view.protected_ids:
            raise OperationRefusedError("protected")
        check_not_blocked(self.view.server_id, Action.DELETE, approval=approval)
        if room_key(snapshot, needs_in([self.view]).get(snapshot.id, NO_NEED)) != make_room:
            raise OperationRefusedError("snapshot_changed")
        return [self.step(Action.DELETE, snapshot=snapshot, at_once=True)]


def _start(
    request: Request, kind: Kind, plan: Callable[[Confirmation, ServerView], list[Step]], reason: str
) -> Job:
    """Check what was confirmed against a live reading, and start the job. A refusal is recorded like an operation's."""
    confirmed: Confirmation | None = None
    view: ServerView | None = None
    try:
        confirmed = read_request(request)
        earlier = service.job_for_key(confirmed.idempotency_key)
        if earlier is not None:
            return earlier
        view = read_server(request.token, confirmed)
        steps = plan(confirmed, view)
        _check_hold(request, view)
        for position, step in enumerate(steps):
            step.position = position
        job = service.start(
            actor=request.actor,
            kind=kind,
            steps=steps,
            idempotency_key=confirmed.idempotency_key,
            reason=reason,
            guard=partial(_guard, request, confirmed),
            approval=confirmed.approval,
        )
        engine.advance_now(job.pk)
    except OperationRefusedError as error:
        # Another request of the same form may have started the job meanwhile.
        earlier = service.job_for_key(confirmed.idempotency_key) if confirmed else None
        if earlier is not None:
            return earlier
        record_refusal(request, error.code, confirmed, view)
        raise
    return job


def _guard(request: Request, confirmed: Confirmation) -> None:
    """Of two people who were shown the same state of a server, the second is told of the first one's job."""
    request.guard()
    if isinstance(request.confirmation, Authorization):
        return  # whoever asked was shown no page
    others = service.going_to_restore(confirmed.server_id, other_than=confirmed.idempotency_key)
    if not others <= set(confirmed.shown_jobs):
        raise OperationRefusedError("job_began")


def _check_hold(request: Request, view: ServerView) -> None:
    if view.is_held:
        if not request.override:
            raise OperationRefusedError("server_held")
        check_still_allowed(
            request.actor.id, OVERRIDE_PERMISSION, server_id=view.server_id, token_id=view.token.pk
        )
