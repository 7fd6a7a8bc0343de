"""The rows of planned deletions: drafted from what a person saw, and inserted under the log's lock.

The intent of a deletion takes that lock too: of a plan, its withdrawal and its deletion one comes first.
"""

from collections.abc import Callable, Collection
from typing import Any

from django.db import IntegrityError
from django.utils import timezone

from snapshots import contract
from snapshots.audit import journal
from snapshots.audit.journal import Actor
from snapshots.audit.wording.shared import DUE
from snapshots.deletions.models import Kind, PlannedDeletion, PlannedDeletionQuerySet, State
from snapshots.operations.approval import Approval
from snapshots.operations.blocks import check_may_be_planned
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.guard import refusals_recorded
from snapshots.operations.models import Action
from snapshots.operations.ownership import check_may_still_delete, right_to_delete
from snapshots.operations.protection import Target, check_not_being_deleted, check_unprotected
from snapshots.operations.rights import borrowed


def waiting_of(server_id: int, snapshot_id: int) -> PlannedDeletionQuerySet:
    """What waits for this snapshot: at most one."""
    return PlannedDeletion.objects.waiting().filter(server_id=server_id, snapshot_id=snapshot_id)


def draft(actor: Actor, target: Target, kind: Kind, reason: str) -> PlannedDeletion:
    """An unsaved one in the actor's name, due now."""
    now = timezone.now()
    return PlannedDeletion(
        kind=kind,
        **target.columns,
        person_id=int(actor.id or 0),
        reason=contract.clean_reason(reason),
        created_at=now,
        due_at=now,
    )


def insert(
    planned: PlannedDeletion,
    actor: Actor,
    *,
    action: str,
    extends: PlannedDeletion | None = None,
    guard: Callable[[], object] = lambda: None,
    of_schedule: bool = False,
    begun_under: Collection[str] = (),
) -> None:
    """Save it with its row of the log. A date that waits for the snapshot is replaced; a grace time must be kept first.

    `guard` is called in the same transaction. Raises OperationRefusedError (deletion_planned, deletion_over if `extends`
    waits no longer, protected, server_locked, approval_needed, snapshot_deleting, and those of
    check_may_still_delete), JournalUnavailableError.
    """
    ids = {"server_id": planned.server_id, "snapshot_id": planned.snapshot_id}
    about: dict[str, Any] = {
        **ids,
        "created_at": planned.snapshot_created_at,
        "of_schedule": of_schedule,
    }
    is_date = planned.kind == Kind.KEEP_UNTIL  # a refused deletion has its row by whoever asked for it
    refused = planned.entry(actor, action=action, reason=planned.reason) if is_date else None
    with refusals_recorded(lambda: refused), journal.committed():
        noted = borrowed(actor.id, [right_to_delete(actor.id, **about)], begun_under)
        evidence = noted.added_to(DUE.said(at=planned.due_at))
        journal.record(planned.entry(actor, action=action, reason=planned.reason, evidence=evidence))
        check_may_still_delete(
            actor.id, **about, token_id=planned.token_id, begun_under=begun_under, noted=noted
        )
        # A date may be far ahead: it takes the right that the person has then.
        if planned.kind == Kind.GRACE:
            planned.begun_under = list(noted.ids)
        check_unprotected(**ids)
        if extends is None:
            check_may_be_planned(
                planned.server_id,
                Action.DELETE,
                approval=Approval.stored(planned.approval),
                of_schedule=of_schedule,
            )
        check_not_being_deleted(**ids)
        guard()
        waiting = waiting_of(**ids).first()
        if extends is not None and (waiting is None or waiting.pk != extends.pk):
            raise OperationRefusedError("deletion_over")
        if waiting is not None and waiting.kind == Kind.GRACE:
            raise OperationRefusedError("deletion_planned")
        if waiting is not None:
            end(waiting, State.REPLACED, actor)
        _save(planned)


def _save(planned: PlannedDeletion) -> None:
    try:
        planned.save(force_insert=True)
    except IntegrityError:  # the worker has just let another one wait again
        raise OperationRefusedError("deletion_planned") from None


def end(planned: PlannedDeletion, state: State, actor: Actor) -> bool:
    """Set the final state of one that waits; False if it waits no longer. Only under the log's lock."""
    waiting = PlannedDeletion.objects.waiting().filter(pk=planned.pk)
    return bool(waiting.update(state=state, ended_at=timezone.now(), ended_by_id=actor.id))
