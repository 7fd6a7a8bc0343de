"""Requests about several servers or snapshots at once: the selection that was confirmed, approved as one, void as one."""

from dataclasses import replace
from typing import Any

from snapshots.approvals.families import Asked, Described, deleted_text, nothing
from snapshots.approvals.models import ApprovalRequest, RequestedItem
from snapshots.jobs.batches import PLANS, lanes_of
from snapshots.jobs.models import Job, Kind, Step
from snapshots.jobs.selections import Item, Selection, read_selection
from snapshots.operations.approval import Approval, Approved
from snapshots.operations.models import Action
from snapshots.vault.models import StoredToken


def form_key(asked: Asked) -> str:
    kind = Kind(asked.kind.value)
    return read_selection(asked.confirmation, actor_id=asked.actor.id, kind=kind).idempotency_key


def describe(asked: Asked, approval: Approval) -> Described:
    """Every item read and checked as it would be now. Raises OperationRefusedError."""
    plan = PLANS[Kind(asked.kind.value)]
    batch = plan(actor=asked.actor, confirmation=asked.confirmation, **asked.arguments)
    selection = batch.selection
    lanes = lanes_of(replace(batch, approved=Approved(selection, approval, nothing)))
    tokens = StoredToken.objects.in_bulk({one.token_id for one in selection.items})
    items = [
        _item(one, steps, tokens[one.token_id]) for one, steps in zip(selection.items, lanes, strict=True)
    ]
    stored = {name: value for name, value in asked.arguments.items() if name != "point"}
    stored |= {"point_id": selection.point_id, "retry_of": selection.retry_of}
    return Described(items, stored, title=batch.title)


def call_of(request: ApprovalRequest, approved: Approved[str]) -> dict[str, Any]:
    stored = dict(request.arguments)
    selection = Selection(
        idempotency_key=request.form_key,
        actor_id=request.person_id,
        kind=request.kind,
        items=tuple(_item_of(one) for one in request.items),
        point_id=stored.pop("point_id"),
        retry_of=stored.pop("retry_of"),
    )
    stored["confirmation"] = Approved(selection, approved.approval, approved.guard)
    if selection.point_id:
        stored["point"] = Job.objects.get(pk=selection.point_id)
        stored["choices"] = {int(number): choice for number, choice in stored["choices"].items()}
    return stored


def _item_of(one: RequestedItem) -> Item:
    return Item(
        token_id=one.token_id,
        server_id=one.server_id or 0,
        server_name=one.server_name,
        snapshot_id=one.snapshot_id,
        snapshot_name=one.snapshot_name,
        fingerprint=one.fingerprint,
    )


def _item(item: Item, steps: list[Step], token: StoredToken) -> RequestedItem:
    restores = any(one.action == Action.RESTORE for one in steps)
    return RequestedItem(
        **token.columns,
        server_id=item.server_id,
        server_name=item.server_name,
        snapshot_id=item.snapshot_id,
        snapshot_name=item.snapshot_name,
        fingerprint=item.fingerprint,
        also_deletes=deleted_text(one for one in steps if one.at_once),
        is_without_way_back=restores and len(steps) == 1,
    )
