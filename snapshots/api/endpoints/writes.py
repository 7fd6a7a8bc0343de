"""Answers to create, restore and delete: what the contract answers, a refusal, or that the outcome is not known."""

from typing import Any, Final

from django.urls import reverse

from snapshots.api.endpoints.errors import ApiError
from snapshots.api.endpoints.http import Answer, Call
from snapshots.api.endpoints.shapes import (
    CreatedItem,
    PlannedAnswer,
    RestoreAnswer,
    ServerName,
    ServerState,
    SnapshotName,
    time_text,
)
from snapshots.contract import IN_PROGRESS, RESTORING
from snapshots.deletions.models import PlannedDeletion
from snapshots.operations.confirmation import AS_FOUND, Authorization, Confirmation
from snapshots.operations.models import Action, Operation, State

DONE_STATES: Final = frozenset({State.ACCEPTED, State.COMPLETED})
LIMIT_DETAIL: Final = "Snapshot limit reached."


def authorization(
    call: Call, action: Action, server_id: int, snapshot_id: int | None = None
) -> Authorization:
    """Stands for the signed form of a page: exactly this, once, and only while the key still may."""
    confirmation = Confirmation(
        idempotency_key=call.operation_key(),
        actor_id=int(call.person.pk),
        action=action,
        token_id=call.token.pk,
        server_id=server_id,
        snapshot_id=snapshot_id,
        fingerprint=AS_FOUND if snapshot_id else "",
    )
    return Authorization(confirmation, call.guard(server_id))


def operation_url(operation: Operation) -> str:
    return reverse("api_operation", args=[operation.pk])


def check_accepted(operation: Operation) -> dict[str, str]:
    """The headers of the answer to an accepted operation. Raises ApiError for a failed one, and for one that is not known.

    The same for each retry: an operation that ended meanwhile was accepted, and one that failed after that was too.
    """
    url = operation_url(operation)
    was_accepted = operation.accepted_at is not None or operation.state in DONE_STATES
    if was_accepted:
        return {"X-Operation": url}
    if operation.state == State.FAILED:
        raise _failed(operation, url)
    if operation.code == "already_gone":
        detail = operation.provider_message or "Snapshot does not exist."
        raise ApiError(404, "already_gone", detail, operation=url)
    raise ApiError(
        504,
        "outcome_unknown",
        "It is not known whether the provider did it. Do not send it again with another Idempotency-Key: "
        "the operation's address tells as soon as it is known.",
        headers={"X-Operation": url},
        operation=url,
    )


def _failed(operation: Operation, url: str) -> ApiError:
    """The provider's own refusal with its status and words; 503 if nothing reached it."""
    status = operation.provider_status
    if status is not None and 400 <= status < 500:  # noqa: PLR2004
        detail = operation.provider_message or "The provider refused it."
        return ApiError(status, operation.code or "refused", detail, operation=url)
    detail = operation.provider_message or "The provider could not be reached. Nothing was sent."
    return ApiError(503, operation.code or "not_sent", detail, headers={"Retry-After": "2"}, operation=url)


def created_answer(operation: Operation, description: str) -> Answer:
    headers = check_accepted(operation)
    item = CreatedItem(
        id=operation.snapshot_id or 0,
        server=ServerName(operation.server_id, operation.server_name),
        name=operation.snapshot_name,
        status=IN_PROGRESS,
        size_mb=None,
        created_at=time_text(operation.snapshot_created_at),
        description=description,
        message=operation.provider_message,
    )
    return Answer(item, 201, headers)


def restored_answer(operation: Operation) -> Answer:
    headers = check_accepted(operation)
    created_at = time_text(operation.snapshot_created_at)
    data = RestoreAnswer(
        status="success",
        message=operation.provider_message,
        snapshot=SnapshotName(operation.snapshot_id or 0, operation.snapshot_name, created_at),
        server=ServerState(operation.server_id, operation.server_name, RESTORING),
    )
    return Answer(data, 200, headers)


def deleted_answer(begun: Operation | PlannedDeletion) -> Answer:
    """204; 202 if the deletion waits for the server's grace time: the snapshot is still there."""
    if isinstance(begun, Operation):
        return Answer(None, 204, check_accepted(begun))
    data: Any = PlannedAnswer(
        detail="The snapshot is deleted after the grace time of its server, unless somebody calls that back.",
        code="deletion_planned",
        due_at=time_text(begun.due_at) or "",
        deletion=reverse("deletion_detail", args=[begun.pk]),
    )
    return Answer(data, 202)
