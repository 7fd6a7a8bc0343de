"""The provider's four endpoints."""

from snapshots.api.endpoints import reading, writes
from snapshots.api.endpoints.errors import RESTORE_STATUSES, refused
from snapshots.api.endpoints.http import Answer, Call, page_of
from snapshots.api.endpoints.resources import Resource
from snapshots.api.endpoints.shapes import (
    CreateBody,
    CreatedItem,
    DeleteBody,
    ListQuery,
    ReasonBody,
    RestoreAnswer,
    SnapshotPage,
    UnknownOutcome,
    WaitingAnswer,
    snapshot_item,
)
from snapshots.approvals.asking import begin
from snapshots.approvals.models import ApprovalRequest, Kind
from snapshots.deletions.models import PlannedDeletion
from snapshots.operations import service
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action, Operation

snapshot_list = Resource("snapshots/", "api_snapshots")
snapshot = Resource("snapshots/<int:snapshot_id>/", "api_snapshot")
snapshot_restore = Resource("snapshots/<int:snapshot_id>/restore/", "api_snapshot_restore")


@snapshot_list.method(
    "GET",
    right="snapshots.see",
    query=ListQuery,
    answers={200: SnapshotPage},
    summary="List all snapshots",
)
def list_snapshots(call: Call, query: ListQuery) -> Answer:
    """Of the servers that the key reaches, newest first; with `server_id` of one server."""
    call.note_server_filter(query.server_id)
    listed = reading.read(call)
    found = [
        one
        for one in listed.snapshots
        if call.reaches(one.server.id) and query.server_id in {None, one.server.id}
    ]
    shown, following = page_of(call, query, found)
    return Answer(SnapshotPage(len(found), [snapshot_item(one) for one in shown], following))


@snapshot_list.method(
    "POST",
    right="snapshots.create",
    body=CreateBody,
    answers={201: CreatedItem, 504: UnknownOutcome},
    summary="Create a snapshot",
)
def create_snapshot(call: Call, body: CreateBody) -> Answer:
    """Of a server's present state. It goes on after the answer: list it, or wait for its operation (X-Operation)."""
    call.check_server(body.server_id)
    operation = service.create_snapshot(
        actor=call.actor,
        token=call.token,
        confirmation=writes.authorization(call, Action.CREATE, body.server_id),
        name=body.name,
        description=body.description,
        reason=call.reason(body.reason),
        override_reason=call.override_reason,
    )
    return writes.created_answer(operation, body.description)


@snapshot_restore.method(
    "POST",
    right="snapshots.restore",
    body=ReasonBody,
    answers={200: RestoreAnswer, 202: WaitingAnswer, 504: UnknownOutcome},
    summary="Restore a snapshot",
    errors={
        400: "The request is not valid, a restore holds the server (`server_held`), or the provider refuses it."
    },
)
def restore_snapshot(call: Call, body: ReasonBody, snapshot_id: int) -> Answer:
    """Overwrites all current data of its server, and cannot be undone. Consider a job of kind safe_restore instead.

    Where a policy asks for the approval of other people it is a request (202), and begins when they have given it.
    """
    reason = call.reason(body.reason, is_required=True) or default_reason(call)
    before = writes.earlier(call)
    if isinstance(before, Operation | ApprovalRequest):
        return writes.restored_answer(before)
    found, server_name = reading.snapshot_or_404(call, snapshot_id, fresh=True)
    try:
        begun = begin(
            Kind.RESTORE,
            api_key_id=call.key.pk,
            actor=call.actor,
            token=call.token,
            confirmation=writes.authorization(call, Action.RESTORE, found.server.id, found.id),
            typed_name=server_name,
            reason=reason,
            override_reason=call.override_reason,
        )
    except OperationRefusedError as error:
        if error.code in RESTORE_STATUSES:
            raise refused(error, status=RESTORE_STATUSES[error.code]) from error
        raise
    assert isinstance(begun, Operation | ApprovalRequest)
    return writes.restored_answer(begun)


@snapshot.method(
    "DELETE",
    right="snapshots.delete",
    body=DeleteBody,
    answers={204: None, 202: WaitingAnswer, 504: UnknownOutcome},
    summary="Delete a snapshot",
)
def delete_snapshot(call: Call, body: DeleteBody, snapshot_id: int) -> Answer:
    """For ever. On a server with a grace time it is planned (202), unless `delete_now` is true and a reason is given.

    Where a policy asks for the approval of other people it is a request (202), and begins when they have given it.
    """
    reason = call.reason(body.reason)
    before = writes.earlier(call)
    if before is not None:
        return writes.deleted_answer(before)
    found, _server_name = reading.snapshot_or_404(call, snapshot_id)
    begun = begin(
        Kind.DELETE,
        api_key_id=call.key.pk,
        actor=call.actor,
        token=call.token,
        confirmation=writes.authorization(call, Action.DELETE, found.server.id, found.id),
        reason=reason,
        override_reason=call.override_reason,
        delete_now=body.delete_now,
    )
    assert isinstance(begun, Operation | PlannedDeletion | ApprovalRequest)
    return writes.deleted_answer(begun)


def default_reason(call: Call) -> str:
    """Of a request that gives none, with a key that need not."""
    return f"API key {call.key.name}"
