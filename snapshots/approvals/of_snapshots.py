"""Requests about one snapshot or server: what its form confirmed, and what stands for that form once it is approved."""

from dataclasses import replace
from typing import Any

from snapshots import contract
from snapshots.approvals.families import Asked, Described, deleted_text
from snapshots.approvals.models import ApprovalRequest, Kind, RequestedItem
from snapshots.jobs.plans import Lane
from snapshots.operations.approval import Approval, Approved
from snapshots.operations.confirmation import Authorization, Confirmation
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Protection
from snapshots.operations.preconditions import (
    check_server_exists,
    read_server,
    restorable_snapshot,
    unchanged_snapshot,
)
from snapshots.operations.protection import PERMISSION, Target, check_unprotected
from snapshots.operations.requests import Request, read_request
from snapshots.operations.server_views import ServerView, check_deletable
from snapshots.vault.models import StoredToken


def form_key(asked: Asked) -> str:
    return _confirmed(asked).idempotency_key


def describe(asked: Asked, approval: Approval) -> Described:
    """Read and checked as it would be now. Raises OperationRefusedError."""
    confirmed = replace(_confirmed(asked), approval=approval)
    token, arguments = asked.arguments["token"], asked.arguments
    view = read_server(token, confirmed, PERMISSION if asked.kind == Kind.UNPROTECT else "")
    item = _item(asked.kind, confirmed, view, arguments)
    if asked.kind not in {Kind.DELETE, Kind.UNPROTECT, Kind.RESTORE}:
        item.also_deletes = _room(confirmed, view, arguments)
    item.is_without_way_back = asked.kind == Kind.RESTORE
    stored = {name: value for name, value in arguments.items() if name != "token"}
    return Described([item], stored, title=arguments.get("name", ""))


def call_of(request: ApprovalRequest, approved: Approved[str]) -> dict[str, Any]:
    """Raises OperationRefusedError."""
    (item,) = request.items
    token = StoredToken.objects.filter(pk=item.token_id).first()
    if token is None:
        raise OperationRefusedError("token_gone")
    confirmation = Confirmation(
        idempotency_key=request.form_key,
        actor_id=request.person_id,
        action=Kind(request.kind).action,
        token_id=item.token_id,
        server_id=item.server_id or 0,
        snapshot_id=item.snapshot_id,
        fingerprint=item.fingerprint,
        approval=approved.approval,
    )
    return {
        **request.arguments,
        "token": token,
        "confirmation": Authorization(confirmation, approved.guard),
    }


def _confirmed(asked: Asked) -> Confirmation:
    return read_request(Request(asked.kind.action, asked.actor, asked.arguments["token"], asked.confirmation))


def _item(kind: Kind, confirmed: Confirmation, view: ServerView, arguments: dict[str, Any]) -> RequestedItem:
    if kind == Kind.REPLACE:
        check_server_exists(view)
        if not contract.is_valid_name(arguments.get("name", "")):
            raise OperationRefusedError("bad_name")
        return RequestedItem(**view.token.columns, server_id=view.server_id, server_name=view.name)
    if kind in {Kind.DELETE, Kind.UNPROTECT}:
        snapshot = unchanged_snapshot(confirmed, view)
        if kind == Kind.DELETE:
            check_deletable(confirmed.actor_id, view, snapshot.id)
        _check_protection(kind, view.server_id, snapshot.id, arguments)
    else:
        words = {name: arguments.get(name, "") for name in ("typed_name", "reason")}
        snapshot = restorable_snapshot(confirmed, view, **words)
    return RequestedItem(**Target(view.token, view.name, snapshot).columns)


def _check_protection(kind: Kind, server_id: int, snapshot_id: int, arguments: dict[str, Any]) -> None:
    if kind == Kind.DELETE:
        check_unprotected(server_id=server_id, snapshot_id=snapshot_id)
        return
    if not contract.clean_reason(arguments.get("reason", "")):
        raise OperationRefusedError("reason_missing")
    if not Protection.objects.filter(server_id=server_id, snapshot_id=snapshot_id).exists():
        raise OperationRefusedError("not_protected")


def _room(confirmed: Confirmation, view: ServerView, arguments: dict[str, Any]) -> str:
    """The snapshot that is deleted first, if one is."""
    steps = Lane(view, "").room_steps(
        arguments.get("make_room", ""), needed_id=confirmed.snapshot_id, approval=confirmed.approval
    )
    return deleted_text(steps)
