"""Batches: create on many servers, delete many snapshots, go back to a restore point; each confirmed once, as one job.

Every item is checked against one live reading for its token. One that cannot be done is a refused step of the job and
does not stop the others: each item has a lane of its own. What takes the approval of other people is refused as a whole, and
what they approved is done as a whole or not at all. Before its call each step is checked once more (operations.service).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from django.utils import timezone

from snapshots import contract
from snapshots.audit import journal
from snapshots.audit.journal import Actor
from snapshots.inventory.readings import Reading
from snapshots.jobs import service
from snapshots.jobs.batch_plans import (
    ACTIONS,
    Batch,
    plan_create_many,
    plan_delete_many,
    plan_restore_many,
)
from snapshots.jobs.models import Job, Kind, Step, StepState
from snapshots.jobs.selections import Item, Selection
from snapshots.operations.approval import NEEDED
from snapshots.operations.confirmation import Confirmation
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action
from snapshots.operations.preconditions import check_live, confirmed_server
from snapshots.operations.reconciliation import read_and_reconcile_all
from snapshots.operations.retries import PASSING_CODES
from snapshots.operations.rights import check_here, check_token, least
from snapshots.operations.server_views import ServerView, server_views
from snapshots.vault.models import StoredToken

PLANS: Final[dict[Kind, Callable[..., Batch]]] = {
    Kind.CREATE_MANY: plan_create_many,
    Kind.DELETE_MANY: plan_delete_many,
    Kind.RESTORE_MANY: plan_restore_many,
}


def create_many(**confirmed: Any) -> Job:
    """Takes what plan_create_many takes. Raises OperationRefusedError, JournalUnavailableError."""
    return _begin(Kind.CREATE_MANY, confirmed)


def delete_many(**confirmed: Any) -> Job:
    """Takes what plan_delete_many takes. Raises OperationRefusedError, JournalUnavailableError."""
    return _begin(Kind.DELETE_MANY, confirmed)


def restore_many(**confirmed: Any) -> Job:
    """Takes what plan_restore_many takes. Raises OperationRefusedError, JournalUnavailableError."""
    return _begin(Kind.RESTORE_MANY, confirmed)


def _begin(kind: Kind, confirmed: dict[str, Any]) -> Job:
    with _Refusals(kind, confirmed):
        return _start(PLANS[kind](**confirmed))


class _Refusals:
    """Writes a "refused" row if the batch as a whole is refused; it lets the error through."""

    def __init__(self, kind: Kind, confirmed: dict[str, Any]) -> None:
        actor: Actor = confirmed["actor"]
        point: Job | None = confirmed.get("point")
        self._entry = partial(
            actor.entry,
            action=ACTIONS[kind],
            result="refused",
            target=str(point.pk) if point else "",
            snapshot_name=contract.possible_name(confirmed.get("name", "")),
            reason=contract.clean_reason(confirmed.get("reason", "")),
        )

    def __enter__(self) -> None:
        return None

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, OperationRefusedError):
            journal.record(self._entry(code=error.code))


def _start(batch: Batch) -> Job:
    """Check every item and start the job. The worker, or the job's page, sends its steps."""
    earlier = service.job_for_key(batch.selection.idempotency_key)
    if earlier is not None:
        return earlier
    batch.check_approved()
    lanes = lanes_of(batch)
    return service.start(
        actor=batch.actor,
        kind=batch.kind,
        steps=[step for steps in lanes for step in steps],
        idempotency_key=batch.selection.idempotency_key,
        reason=batch.reason,
        title=batch.title,
        retry_of=batch.retried,
        point=batch.point,
        approval=batch.approval,
        guard=batch.guard,
    )


def lanes_of(batch: Batch) -> list[list[Step]]:
    """The steps of each item, checked against what is listed now; a refused step for one that cannot be done.

    Raises OperationRefusedError if nothing could be read, or if other people have to approve it, or did.
    """
    sources = _read(batch.selection)
    lanes = [_lane(batch, item, sources) for item in batch.selection.items]
    _check_anything_was_read(lanes)
    for number, steps in enumerate(lanes):
        for position, step in enumerate(steps):
            step.lane, step.position = number, position
    return lanes


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


def _lane(batch: Batch, item: Item, sources: Mapping[str, _Source]) -> list[Step]:
    try:
        check_here(batch.actor.id, least(batch.action.permission), item.server_id)
        confirmed = batch.selection.confirmation(item, batch.action)
        view = _live_view(confirmed, sources.get(item.token_id))
        return batch.plan(batch, item, view)
    except OperationRefusedError as error:
        if error.code == NEEDED or batch.approval:
            raise
        return [_refused_step(item, batch.action, error.code, name=batch.title)]


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
