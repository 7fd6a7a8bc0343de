"""What people wish for beside a single restore or deletion, for tests of approvals: each as the page would begin it."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from django.utils import timezone

from snapshots.approvals.asking import begin
from snapshots.approvals.models import Kind
from snapshots.deletions import keeping
from snapshots.jobs import batch_plans
from snapshots.jobs.models import Job, JobState, Step, StepState
from snapshots.jobs.models import Kind as JobKind
from snapshots.jobs.room import NO_NEED, needs_in, room_key
from snapshots.operations.confirmation import sign_confirmation
from snapshots.operations.guarded_models import PolicyAction
from snapshots.operations.models import Action
from snapshots.sandbox.models import Snapshot as SandboxSnapshot
from snapshots.schedules import service
from snapshots.schedules.definition import sign_preview
from snapshots.schedules.retention import Keep
from snapshots.vault.models import StoredToken
from tests.support.batches import (
    chosen_snapshots,
    roomy,
    sign_point,
    sign_servers,
    sign_snapshots,
    take_last_places,
)
from tests.support.deletions import target_of
from tests.support.desk import Desk
from tests.support.schedules import define, definition

REASON = "agreed in the meeting"


@dataclass
class Wish:
    """`begin`: what the page calls. `spoil`: changes something so that it cannot be done any more, for the reason `void`.

    `done`: the log's action of what is done. `action`: what a policy about it names, on the servers `views`.
    """

    begin: Callable[[], object]
    action: str
    views: list = field(default_factory=list)
    done: str = "job.start"
    void: str = "snapshot_changed"
    spoil: Callable[[], object] = lambda: None


def rename(snapshot_id: int) -> None:
    """At the provider's own site."""
    SandboxSnapshot.objects.filter(pk=snapshot_id).update(name="renamed-meanwhile")


def make(desk: Desk, kind: Kind) -> Wish:
    return MAKERS[kind](desk, partial(begin, kind, actor=desk.actor))


def _replace(desk: Desk, call) -> Wish:
    view = desk.server("db-server-01")
    victim = view.snapshots[-1]
    room = room_key(victim, needs_in([view]).get(victim.id, NO_NEED))
    confirmation = desk.confirm(Action.CREATE, view)
    run = partial(
        call, token=desk.token, confirmation=confirmation, name="new", make_room=room, reason=REASON
    )
    return Wish(run, PolicyAction.DELETE, [view], spoil=lambda: rename(victim.id))


def _unprotect(desk: Desk, call) -> Wish:
    view = desk.server()
    snapshot = desk.snapshot(view)
    keeping.protect_snapshot(actor=desk.actor, target=target_of(desk, view), reason="audit")
    confirmation = sign_confirmation(
        actor_id=desk.user.pk,
        action=PolicyAction.UNPROTECT,
        token_id=desk.token.pk,
        server_id=view.server_id,
        snapshot=snapshot,
    )
    run = partial(call, token=desk.token, confirmation=confirmation, reason=REASON)
    return Wish(run, PolicyAction.UNPROTECT, [view], "snapshot.unprotect", spoil=lambda: rename(snapshot.id))


def _create_many(desk: Desk, call) -> Wish:
    views = roomy(desk, 2)
    run = partial(call, confirmation=sign_servers(desk, views), name="before-maintenance", reason=REASON)
    return Wish(
        run, PolicyAction.BATCH, views[1:], void="limit_reached", spoil=lambda: take_last_places(views[0])
    )


def _delete_many(desk: Desk, call) -> Wish:
    chosen = chosen_snapshots(desk, 3)[:3]
    run = partial(call, confirmation=sign_snapshots(desk, chosen), typed_count="3", reason=REASON)
    views = [view for view, _snapshot in chosen[-1:]]
    return Wish(run, PolicyAction.BATCH, views, spoil=lambda: rename(chosen[0][1].id))


def point_of(desk: Desk, count: int = 2) -> tuple[Job, list]:
    """A restore point of snapshots that are there already, as if a job had made them."""
    members = [
        (view, next(one for one in view.snapshots if one.is_completed))
        for view in roomy(desk, count)
        if any(one.is_completed for one in view.snapshots)
    ]
    now = timezone.now() - timedelta(hours=1)
    job = Job.objects.create(
        idempotency_key=secrets.token_hex(8),
        kind=JobKind.CREATE_MANY,
        state=JobState.COMPLETED,
        title="before-maintenance",
        actor_id=desk.user.pk,
        created_at=now,
        ended_at=now,
    )
    for lane, (view, snapshot) in enumerate(members):
        Step.objects.create(
            job=job,
            lane=lane,
            state=StepState.COMPLETED,
            action=Action.CREATE,
            token_id=desk.token.pk,
            server_id=view.server_id,
            server_name=view.name,
            snapshot_id=snapshot.id,
            snapshot_name=snapshot.name,
        )
    return job, members


def _restore_many(desk: Desk, call) -> Wish:
    point, members = point_of(desk, 3)
    run = partial(
        call,
        confirmation=sign_point(desk, point, members),
        point=point,
        typed_name=point.title,
        reason=REASON,
        choices={view.server_id: batch_plans.TAKE for view, _snapshot in members},
    )
    view, snapshot = members[0]
    return Wish(run, PolicyAction.RESTORE, [view], spoil=lambda: rename(snapshot.id))


def _previewed(desk: Desk, call, wanted, **more):
    proof = sign_preview(wanted, token_id=desk.token.pk, person_id=desk.user.pk)
    return partial(call, token=desk.token, definition=wanted, preview=proof, **more)


def _create_schedule(desk: Desk, call) -> Wish:
    run = _previewed(desk, call, definition(desk), confirmation=secrets.token_hex(8))
    spoil = StoredToken.objects.filter(pk=desk.token.pk).delete
    return Wish(run, PolicyAction.SCHEDULE, [desk.server()], "schedule.create", "token_gone", spoil)


def _spoil_schedule(desk: Desk, schedule) -> None:
    """Somebody keeps more, which takes no approval."""
    wanted = definition(desk, keep=Keep(last=9))
    proof = sign_preview(wanted, token_id=desk.token.pk, person_id=desk.user.pk)
    schedule.refresh_from_db()
    service.change_schedule(
        actor=desk.actor,
        schedule=schedule,
        token=desk.token,
        definition=wanted,
        preview=proof,
        seen=schedule.changed_at,
    )


def _change_schedule(desk: Desk, call) -> Wish:
    schedule = define(desk)
    run = _previewed(
        desk,
        call,
        definition(desk, keep=Keep(last=1)),
        confirmation=secrets.token_hex(8),
        schedule_id=str(schedule.pk),
        seen=schedule.changed_at.isoformat(),
    )
    spoil = partial(_spoil_schedule, desk, schedule)
    return Wish(run, PolicyAction.SCHEDULE, [desk.server()], "schedule.change", "schedule_changed", spoil)


def _resume_schedule(desk: Desk, call) -> Wish:
    schedule = define(desk)
    service.pause(actor=desk.actor, schedule=schedule)
    run = partial(call, confirmation=secrets.token_hex(8), schedule_id=str(schedule.pk))
    spoil = partial(_spoil_schedule, desk, schedule)
    return Wish(run, PolicyAction.SCHEDULE, [desk.server()], "schedule.resume", "schedule_changed", spoil)


MAKERS = {
    Kind.REPLACE: _replace,
    Kind.UNPROTECT: _unprotect,
    Kind.CREATE_MANY: _create_many,
    Kind.DELETE_MANY: _delete_many,
    Kind.RESTORE_MANY: _restore_many,
    Kind.CREATE_SCHEDULE: _create_schedule,
    Kind.CHANGE_SCHEDULE: _change_schedule,
    Kind.RESUME_SCHEDULE: _resume_schedule,
}
