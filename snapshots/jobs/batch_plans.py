"""The plans of batches: what a person confirmed of many servers or snapshots, and the steps that follow of each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

from django.utils import timezone

from snapshots import contract
from snapshots.audit.journal import Actor
from snapshots.contract import Snapshot
from snapshots.inventory.names import looks_like, visible_name
from snapshots.jobs.batch_checks import check_create, check_delete, check_reason, check_restore
from snapshots.jobs.models import Job, Kind, Step
from snapshots.jobs.plans import Lane, safety_name
from snapshots.jobs.selections import Item, Selection, check_size, read_selection
from snapshots.operations.approval import Approval, Approved, approved_of
from snapshots.operations.blocks import check_approved
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.guarded_models import PolicyAction
from snapshots.operations.models import Action
from snapshots.operations.policies import About
from snapshots.operations.server_views import ServerView

TAKE, WITHOUT, SKIP = "take", "none", "skip"
"""Choices for a server that goes back: with a safety snapshot, without one, not at all. Also possible: a `room_key`."""
ACTIONS: Final = {
    Kind.CREATE_MANY: Action.CREATE,
    Kind.DELETE_MANY: Action.DELETE,
    Kind.RESTORE_MANY: Action.RESTORE,
}
Signed = str | Approved[Selection]
"""The signed selection of a form, or what other people approved of one."""
Plan = Callable[["Batch", Item, ServerView], list[Step]]
"""The steps of one item's lane. Raises OperationRefusedError if it cannot be done."""


def about(server_ids: Sequence[int], action: Action) -> list[About]:
    """What policies can be about. One about several at once is not about a batch of one."""
    actions = [action, PolicyAction.BATCH] if len(server_ids) > 1 else [action]
    return list(product(server_ids, actions))


@dataclass(frozen=True, kw_only=True)
class Batch:
    """`title`: the name that its snapshots share. `point`: the first job of the restore point to go back to."""

    actor: Actor
    kind: Kind
    selection: Selection
    plan: Plan
    approved: Approved[Selection] | None
    title: str = ""
    reason: str = ""
    point: Job | None = None

    @property
    def action(self) -> Action:
        return ACTIONS[self.kind]

    @property
    def approval(self) -> Approval | None:
        return self.approved.approval if self.approved else None

    @property
    def retried(self) -> Job | None:
        """The job of which this one tries the failed items again."""
        return _retried(self.selection)

    def check_approved(self) -> None:
        """What policies ask for. Raises OperationRefusedError."""
        check_approved(about([one.server_id for one in self.selection.items], self.action), self.approval)

    def guard(self) -> None:
        """In the transaction in which its job begins. Raises OperationRefusedError."""
        self.check_approved()
        if self.approved:
            self.approved.guard()


def plan_create_many(
    *, actor: Actor, confirmation: Signed, name: str, description: str = "", reason: str = ""
) -> Batch:
    """A snapshot of this name of each server: a restore point. A retry has the name of the one that it completes."""
    selection = read_selection(confirmation, actor_id=actor.id, kind=Kind.CREATE_MANY)
    retried = _retried(selection)
    title = retried.title if retried else name
    if not contract.is_valid_name(title):
        raise OperationRefusedError("bad_name")

    def plan(_batch: Batch, _item: Item, view: ServerView) -> list[Step]:
        check_create(view)
        return [Lane(view, "").step(Action.CREATE, name=title, description=description)]

    return Batch(
        actor=actor,
        kind=Kind.CREATE_MANY,
        selection=selection,
        plan=plan,
        approved=approved_of(confirmation),
        title=title,
        reason=reason,
    )


def plan_delete_many(*, actor: Actor, confirmation: Signed, typed_count: str, reason: str) -> Batch:
    """Each snapshot is deleted at once or after its server's grace time. `typed_count`: how many the person says there are."""
    selection = read_selection(confirmation, actor_id=actor.id, kind=Kind.DELETE_MANY)
    if typed_count.strip() != str(len(selection.items)):
        raise OperationRefusedError("count_mismatch")
    check_reason(reason)

    def plan(batch: Batch, item: Item, view: ServerView) -> list[Step]:
        snapshot = check_delete(batch.selection, item, view, batch.approval)
        return [Lane(view, "").step(Action.DELETE, snapshot=snapshot)]

    return Batch(
        actor=actor,
        kind=Kind.DELETE_MANY,
        selection=selection,
        plan=plan,
        approved=approved_of(confirmation),
        reason=reason,
    )


def plan_restore_many(
    *,
    actor: Actor,
    point: Job,
    confirmation: Signed,
    typed_name: str,
    reason: str,
    choices: Mapping[int, str],
) -> Batch:
    """Each server goes back to its snapshot of a restore point, by default after a safety snapshot.

    `point` is the restore point's first job, `choices` says for each server what happens before its restore.
    """
    whole = read_selection(confirmation, actor_id=actor.id, kind=Kind.RESTORE_MANY)
    if whole.point_id != str(point.pk):
        raise OperationRefusedError("confirmation_invalid")
    if not looks_like(typed_name, point.title):
        raise OperationRefusedError("name_mismatch")
    check_reason(reason)

    def plan(batch: Batch, item: Item, view: ServerView) -> list[Step]:
        snapshot = check_restore(batch.selection, item, view, batch.approval)
        lane = Lane(view, "")
        before = _safety_steps(lane, choices[item.server_id], snapshot, batch.approval)
        return [*before, lane.step(Action.RESTORE, snapshot=snapshot, typed_name=view.name)]

    return Batch(
        actor=actor,
        kind=Kind.RESTORE_MANY,
        selection=_without_skipped(whole, choices),
        plan=plan,
        approved=approved_of(confirmation),
        title=point.title,
        reason=reason,
        point=point,
    )


def _retried(selection: Selection) -> Job | None:
    return Job.objects.get(pk=selection.retry_of) if selection.retry_of else None


def _safety_steps(lane: Lane, choice: str, needed: Snapshot, approval: Approval | None) -> list[Step]:
    """Delete what makes room (if the server is full) → create the safety snapshot; none without one."""
    if choice == WITHOUT:
        return []
    if choice == TAKE and lane.view.is_full:
        raise OperationRefusedError("limit_reached")
    room = lane.room_steps(choice, needed_id=needed.id, approval=approval)
    taken = {visible_name(one.name) for one in lane.view.snapshots}
    return [*room, lane.step(Action.CREATE, name=safety_name(timezone.now(), taken))]


def _without_skipped(selection: Selection, choices: Mapping[int, str]) -> Selection:
    """Less than what was confirmed. Raises OperationRefusedError (room_missing, nothing_selected)."""
    if not all(choices.get(item.server_id) for item in selection.items):
        raise OperationRefusedError("room_missing")
    kept = tuple(item for item in selection.items if choices[item.server_id] != SKIP)
    check_size(len(kept))
    return replace(selection, items=kept)
