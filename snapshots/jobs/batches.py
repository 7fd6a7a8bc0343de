"""Batches: create on many servers, delete many snapshots, go back to a restore point; each confirmed once, as one job.

Every item is checked against one live reading for its token. One that cannot be done is a refused step of the job and
does not stop the others: each item has a lane of its own. Before its call each step is checked once more (operations.service).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from django.utils import timezone

from snapshots import contract
from snapshots.audit import journal
from snapshots.audit.journal import Actor
from snapshots.contract import Snapshot
from snapshots.deletions.grace import grace_days
from snapshots.deletions.models import Kind as DeletionKind
from snapshots.deletions.plans import waiting_of
from snapshots.inventory.names import looks_like, visible_name
from snapshots.inventory.readings import Reading
from snapshots.jobs import service
from snapshots.jobs.models import Job, Kind, Step, StepState
from snapshots.jobs.plans import Lane, safety_name
from snapshots.jobs.selections import Item, Selection, check_size, read_selection
from snapshots.operations.blocks import check_not_blocked
from snapshots.operations.confirmation import Confirmation
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action
from snapshots.operations.preconditions import (
    check_live,
    check_server_exists,
    confirmed_server,
    restorable_snapshot,
    unchanged_snapshot,
)
from snapshots.operations.reconciliation import read_and_reconcile_all
from snapshots.operations.retries import PASSING_CODES
from snapshots.operations.rights import check_here, check_token
from snapshots.operations.server_views import ServerView, server_views
from snapshots.vault.models import StoredToken

TAKE, WITHOUT, SKIP = "take", "none", "skip"
"""Choices for a server that goes back: with a safety snapshot, without one, not at all. Also possible: a `room_key`."""
ACTIONS = {
    Kind.CREATE_MANY: Action.CREATE,
    Kind.DELETE_MANY: Action.DELETE,
    Kind.RESTORE_MANY: Action.RESTORE,
}
Plan = Callable[[Selection, Item, ServerView], list[Step]]
"""The steps of one item's lane. Raises OperationRefusedError if it cannot be done."""


def create_many(
    *, actor: Actor, confirmation: str, name: str, description: str = "", reason: str = ""
) -> Job:
    """Create a snapshot of this name on each server: a restore point. Raises OperationRefusedError, JournalUnavailableError.

    A retry has the name of the restore point that it completes.
    """

    def plan(selection: Selection, item: Item, view: ServerView) -> list[Step]:
        check_create(view)
        return [Lane(view, "").step(Action.CREATE, name=title, description=description)]

    with _Refusals(actor, Action.CREATE):
        selection = read_selection(confirmation, actor_id=actor.id, kind=Kind.CREATE_MANY)
        retried = _retried(selection)
        title = retried.title if retried else name
        if not contract.is_valid_name(title):
            raise OperationRefusedError("bad_name")
        return _start(_Batch(actor, selection, Kind.CREATE_MANY, title, reason, retried), plan)


def delete_many(*, actor: Actor, confirmation: str, typed_count: str, reason: str) -> Job:
    """Delete snapshots, each at once or after its server's grace time. Raises like create_many.

    `typed_count`: how many snapshots the person says that it is.
    """

    def plan(selection: Selection, item: Item, view: ServerView) -> list[Step]:
        snapshot = check_delete(selection, item, view)
        return [Lane(view, "").step(Action.DELETE, snapshot=snapshot)]

    with _Refusals(actor, Action.DELETE):
        selection = read_selection(confirmation, actor_id=actor.id, kind=Kind.DELETE_MANY)
        if typed_count.strip() != str(len(selection.items)):
            raise OperationRefusedError("count_mismatch")
        _check_reason(reason)
        return _start(_Batch(actor, selection, Kind.DELETE_MANY, "", reason, _retried(selection)), plan)


def restore_many(
    *,
    actor: Actor,
    point: Job,
    confirmation: str,
    typed_name: str,
    reason: str,
    choices: Mapping[int, str],
) -> Job:
    """Restore each server from its snapshot of a restore point, by default after a safety snapshot. Raises like create_many.

    `point` is the restore point's first job, `choices` says for each server what happens before its restore.
    """

    def plan(selection: Selection, item: Item, view: ServerView) -> list[Step]:
        snapshot = check_restore(selection, item, view)
        lane = Lane(view, "")
        before = _safety_steps(lane, choices[item.server_id], snapshot)
        return [*before, lane.step(Action.RESTORE, snapshot=snapshot, typed_name=view.name)]

    with _Refusals(actor, Action.RESTORE, target=str(point.pk)):
        whole = read_selection(confirmation, actor_id=actor.id, kind=Kind.RESTORE_MANY)
        if whole.point_id != str(point.pk):
            raise OperationRefusedError("confirmation_invalid")
        if not looks_like(typed_name, point.title):
            raise OperationRefusedError("name_mismatch")
        _check_reason(reason)
        selection = _without_skipped(whole, choices)
        retried = _retried(selection)
        batch = _Batch(actor, selection, Kind.RESTORE_MANY, point.title, reason, retried, point)
        return _start(batch, plan)


def check_create(view: ServerView) -> None:
    """Raises OperationRefusedError if no snapshot of this server can be created now."""
    check_token(view.token, Action.CREATE.permission, view.server_id)
    check_server_exists(view)
    _check_free(view)
    if view.is_full:
        raise OperationRefusedError("limit_reached")


def check_delete(selection: Selection, item: Item, view: ServerView) -> Snapshot:
    """The confirmed snapshot. Raises OperationRefusedError if it cannot be deleted now."""
    check_token(view.token, Action.DELETE.permission, view.server_id)
    snapshot = unchanged_snapshot(selection.confirmation(item, Action.DELETE), view)
    _check_free(view)
    if snapshot.id in view.protected_ids:
        raise OperationRefusedError("protected")
    check_not_blocked(view.server_id, Action.DELETE)
    planned = waiting_of(view.server_id, snapshot.id).filter(kind=DeletionKind.GRACE)
    if grace_days(view.server_id) and planned.exists():
        raise OperationRefusedError("deletion_planned")
    return snapshot


def check_restore(selection: Selection, item: Item, view: ServerView) -> Snapshot:
    """The confirmed snapshot. Raises OperationRefusedError if the server cannot be restored from it now."""
    check_token(view.token, Action.RESTORE.permission, view.server_id)
    if not looks_like(item.server_name, view.name):
        raise OperationRefusedError("server_renamed")
    confirmed = selection.confirmation(item, Action.RESTORE)
    snapshot = restorable_snapshot(confirmed, view, typed_name=view.name, reason="checked for all at once")
    _check_free(view)
    return snapshot


def _check_free(view: ServerView) -> None:
    """A batch offers no override: a server that a restore holds is left out."""
    if view.is_held:
        raise OperationRefusedError("server_held")


def _check_reason(reason: str) -> None:
    if not contract.clean_reason(reason):
        raise OperationRefusedError("reason_missing")


def _safety_steps(lane: Lane, choice: str, needed: Snapshot) -> list[Step]:
    """Delete what makes room (if the server is full) → create the safety snapshot; none without one."""
    if choice == WITHOUT:
        return []
    if choice == TAKE and lane.view.is_full:
        raise OperationRefusedError("limit_reached")
    room = lane.room_steps(choice, needed_id=needed.id)
    taken = {visible_name(one.name) for one in lane.view.snapshots}
    return [*room, lane.step(Action.CREATE, name=safety_name(timezone.now(), taken))]


def _without_skipped(selection: Selection, choices: Mapping[int, str]) -> Selection:
    """Less than what was confirmed. Raises OperationRefusedError (room_missing, nothing_selected)."""
    if not all(choices.get(item.server_id) for item in selection.items):
        raise OperationRefusedError("room_missing")
    kept = tuple(item for item in selection.items if choices[item.server_id] != SKIP)
    check_size(len(kept))
    return replace(selection, items=kept)


def _retried(selection: Selection) -> Job | None:
    """The job of which this selection tries the failed items again."""
    return Job.objects.get(pk=selection.retry_of) if selection.retry_of else None


class _Refusals:
    """Writes a "refused" row if the batch as a whole is refused; it lets the error through."""

    def __init__(self, actor: Actor, action: Action, target: str = "") -> None:
        self._entry = partial(actor.entry, action=action, result="refused", target=target)

    def __enter__(self) -> None:
        return None

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, OperationRefusedError):
            journal.record(self._entry(code=error.code))


@dataclass(frozen=True)
class _Batch:
    actor: Actor
    selection: Selection
    kind: Kind
    title: str
    reason: str
    retried: Job | None
    point: Job | None = None


def _start(batch: _Batch, plan: Plan) -> Job:
    """Check every item and start the job. The worker, or the job's page, sends its steps."""
    earlier = service.job_for_key(batch.selection.idempotency_key)
    if earlier is not None:
        return earlier
    sources = _read(batch.selection)
    lanes = [_lane(batch, item, sources, plan) for item in batch.selection.items]
    _check_anything_was_read(lanes)
    for number, steps in enumerate(lanes):
        for position, step in enumerate(steps):
            step.lane, step.position = number, position
    return service.start(
        actor=batch.actor,
        kind=batch.kind,
        steps=[step for steps in lanes for step in steps],
        idempotency_key=batch.selection.idempotency_key,
        reason=batch.reason,
        title=batch.title,
        retry_of=batch.retried,
        point=batch.point,
    )


@dataclass(frozen=True)
class _Source:
    """What a token shows now."""

    token: StoredToken
    reading: Reading
    views: Sequence[ServerView]


def _read(selection: Selection) -> dict[str, _Source]:
    """One live reading for each token of the person's own."""
    used = {item.token_id for item in selection.items}
    tokens = StoredToken.objects.filter(pk__in=used, user_id=selection.actor_id)
    readings = read_and_reconcile_all(list(tokens), fresh=True)
    return {token.pk: _Source(token, reading, server_views(token, reading)) for token, reading in readings}


def _lane(batch: _Batch, item: Item, sources: Mapping[str, _Source], plan: Plan) -> list[Step]:
    action = ACTIONS[batch.kind]
    try:
        check_here(batch.actor.id, action.permission, item.server_id)
        view = _live_view(batch.selection.confirmation(item, action), sources.get(item.token_id))
        return plan(batch.selection, item, view)
    except OperationRefusedError as error:
        return [_refused_step(item, action, error.code, name=batch.title)]


def _live_view(confirmed: Confirmation, source: _Source | None) -> ServerView:
    if source is None:
        raise OperationRefusedError("token_gone")
    check_token(source.token, Action(confirmed.action).permission, confirmed.server_id)
    check_live(source.reading)
    if source.reading.observation is None:  # the time for all tokens was over before this one's turn
        raise OperationRefusedError("not_confirmed_live")
    return confirmed_server(source.views, source.reading, confirmed)


def _refused_step(item: Item, action: Action, code: str, *, name: str) -> Step:
    return Step(
        action=action,
        state=StepState.FAILED,
        code=code,
        token_id=item.token_id,
        server_id=item.server_id,
        server_name=item.server_name,
        snapshot_id=item.snapshot_id,
        snapshot_name=name if action == Action.CREATE else item.snapshot_name,
        fingerprint=item.fingerprint,
        ended_at=timezone.now(),
    )


def _check_anything_was_read(lanes: list[list[Step]]) -> None:
    """If the provider could not be asked about any item, the form can be sent again: no job is made of that."""
    codes = {steps[0].code if steps[0].state == StepState.FAILED else "" for steps in lanes}
    if codes <= PASSING_CODES:
        raise OperationRefusedError(min(codes))
