"""Answers to create, restore and delete: what the contract answers, a refusal, or that the outcome is not known."""

import threading
import time
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.urls import reverse
from django.utils import timezone

from snapshots.api.endpoints.errors import ApiError, refused, retry_headers
from snapshots.api.endpoints.http import Answer, Call
from snapshots.api.endpoints.shapes import (
    CreatedItem,
    RestoreAnswer,
    ServerName,
    ServerState,
    SnapshotName,
    WaitingAnswer,
    time_text,
)
from snapshots.approvals.models import OPEN, ApprovalRequest
from snapshots.approvals.models import State as RequestState
from snapshots.contract import IN_PROGRESS, RESTORING
from snapshots.deletions.due import is_sent_again
from snapshots.deletions.models import PlannedDeletion
from snapshots.deletions.models import State as PlanState
from snapshots.operations.confirmation import AS_FOUND, Authorization, Confirmation
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.idempotency import operation_for_key
from snapshots.operations.models import Action, Finding, Operation, State

log = structlog.get_logger()

DONE_STATES: Final = frozenset({State.ACCEPTED, State.COMPLETED})
IN_FLIGHT: Final = frozenset({State.PENDING, State.SENT})
PROVIDER_CODES: Final = frozenset({"token_refused", "forbidden", "refused", "invalid"})
"""Codes of the provider's own refusals, which the portal has for refusals of its own too, or none at all."""
ANOTHER_KEY: Final = "To do it all the same, use another Idempotency-Key."
WAIT_SECONDS: Final = 5.0
_waiting = threading.BoundedSemaphore(max(1, settings.SNAPPORTAL_THREADS // 4))
"""A waiting request occupies a thread."""


def authorization(
    call: Call, action: Action, server_id: int, snapshot_id: int | None = None
) -> Authorization:
    """Stands for the signed form of a page: exactly this, once, and only while the key still may."""
    confirmation = Confirmation(
        idempotency_key=call.operation_key,
        actor_id=int(call.person.pk),
        action=action,
        token_id=call.token.pk,
        server_id=server_id,
        snapshot_id=snapshot_id,
        fingerprint=AS_FOUND if snapshot_id else "",
    )
    return Authorization(confirmation, call.guard(server_id))


def earlier(call: Call) -> Operation | PlannedDeletion | ApprovalRequest | None:
    """What a request with this Idempotency-Key has begun already. Asked first: a retry must not depend on what is there now."""
    key = call.operation_key
    made = operation_for_key(key) or PlannedDeletion.objects.filter(form_key=key).first()
    return made or ApprovalRequest.objects.filter(form_key=key).first()


def operation_url(operation: Operation) -> str:
    return reverse("api_operation", args=[operation.pk])


def check_accepted(operation: Operation) -> dict[str, str]:
    """The headers of the answer to an accepted operation. Raises ApiError for a failed one, and for one that is not known.

    The same for each retry: an operation that ended meanwhile was accepted, and one that failed after that was too.
    """
    url = operation_url(operation)
    try:
        _await_answer(operation)
    except DatabaseError:  # what is known of it is what this request knows
        log.exception("api.operation_not_read", operation=str(operation.pk))
    if _has_happened(operation):
        return {"X-Operation": url}
    if operation.state == State.FAILED:
        raise _failed(operation, url)
    if operation.finding == Finding.NOT_HAPPENED:
        detail = (
            "It did not happen: the operation says how that is known. To do it, use another Idempotency-Key."
        )
        raise ApiError(409, "did_not_happen", detail, operation=url)
    if _is_in_flight(operation):
        detail = "Another request with this Idempotency-Key waits for the provider's answer. Send it again in a moment."
        raise ApiError(409, "in_progress", detail, headers={"Retry-After": "2", "X-Operation": url})
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


def _has_happened(operation: Operation) -> bool:
    """Whether the provider accepted it, or it was found later that it had."""
    was_accepted = operation.accepted_at is not None or operation.state in DONE_STATES
    return was_accepted or operation.finding == Finding.HAPPENED


def _is_in_flight(operation: Operation) -> bool:
    """Whether its call to the provider may still be answered."""
    began = operation.sent_at or operation.created_at
    age = (timezone.now() - began).total_seconds()
    is_waited_for = operation.state in IN_FLIGHT and not operation.is_outcome_lost
    return is_waited_for and 0 <= age < float(settings.SNAPPORTAL_API_TIMEOUT_SECONDS)


def _await_answer(operation: Operation) -> None:
    """Of several requests with the same Idempotency-Key one calls the provider, and the others wait a moment for its answer."""
    if not _is_in_flight(operation) or not _waiting.acquire(blocking=False):
        return
    try:
        until = time.monotonic() + WAIT_SECONDS
        while _is_in_flight(operation) and time.monotonic() < until:
            time.sleep(0.1)
            operation.refresh_from_db()
    finally:
        _waiting.release()


def _failed(operation: Operation, url: str) -> ApiError:
    """The provider's own refusal with its status and words; 503 if nothing reached it."""
    status = operation.provider_status
    if status is not None and 400 <= status < 500:  # noqa: PLR2004
        detail = operation.provider_message or "The provider refused it."
        code = operation.code or "refused"
        code = f"provider_{code}" if code in PROVIDER_CODES else code
        headers = retry_headers(operation.token_fingerprint) if code == "rate_limited" else {}
        return ApiError(status, code, detail, headers=headers, operation=url)
    detail = operation.provider_message or "The provider could not be reached. Nothing was sent."
    return ApiError(503, operation.code or "not_sent", detail, headers={"Retry-After": "2"}, operation=url)


def created_answer(operation: Operation, description: str) -> Answer:
    """The same for each retry, whatever has become of the snapshot."""
    headers = check_accepted(operation)
    if operation.snapshot_id is None:  # a person found that it had happened
        detail = "It happened, but which snapshot it is, is not known: see the list of snapshots."
        raise ApiError(409, "resolved_by_hand", detail, operation=operation_url(operation))
    item = CreatedItem(
        id=operation.snapshot_id,
        server=ServerName(operation.server_id, operation.server_name),
        name=operation.snapshot_name,
        status=IN_PROGRESS,
        size_mb=None,
        created_at=time_text(operation.snapshot_created_at),
        description=description,
        message=operation.provider_message,
    )
    return Answer(item, 201, headers)


def restored_answer(operation: Operation | ApprovalRequest) -> Answer:
    """Likewise; 202 if it waits for approval."""
    if isinstance(operation, ApprovalRequest):
        return requested_answer(operation)
    headers = check_accepted(operation)
    created_at = time_text(operation.snapshot_created_at)
    data = RestoreAnswer(
        status="success",
        message=operation.provider_message,
        snapshot=SnapshotName(operation.snapshot_id or 0, operation.snapshot_name, created_at),
        server=ServerState(operation.server_id, operation.server_name, RESTORING),
    )
    return Answer(data, 200, headers)


def requested_answer(asked: ApprovalRequest) -> Answer:
    """202: it waits for other people. A retry is answered likewise, and by what it became once it has begun.

    Raises ApiError for one that never begins: denied, withdrawn, expired or void.
    """
    url = reverse("api_request", args=[asked.pk])
    is_late = asked.state in OPEN and asked.expires_at <= timezone.now()
    if is_late or asked.state not in {*OPEN, RequestState.BEGUN}:
        state = RequestState.EXPIRED if is_late else RequestState(asked.state)
        detail = (
            f"It does not begin any more, and nothing was sent: the request for approval is {state.value}."
        )
        raise ApiError(409, "request_over", f"{detail} {ANOTHER_KEY}", request=url, state=state.value)
    data = WaitingAnswer(
        detail="It takes the approval of other people, and begins by itself when they have given it: the request tells.",
        code="approval_needed",
        request=url,
        expires_at=time_text(asked.expires_at),
    )
    return Answer(data, 202, {"Location": url})


def deleted_answer(begun: Operation | PlannedDeletion | ApprovalRequest) -> Answer:
    """204; 202 if the deletion waits for the server's grace time or for approval: the snapshot is still there.

    A retry is told what has become of one that was planned.
    """
    if isinstance(begun, ApprovalRequest):
        return requested_answer(begun)
    if isinstance(begun, Operation):
        return Answer(None, 204, check_accepted(begun))
    if begun.state == PlanState.WAITING:
        return _planned_answer(begun)
    return _ended_plan_answer(begun)


def _planned_answer(planned: PlannedDeletion) -> Answer:
    data: Any = WaitingAnswer(
        detail="The snapshot is deleted after the grace time of its server, unless somebody calls that back.",
        code="deletion_planned",
        due_at=time_text(planned.due_at),
        deletion=_plan_url(planned),
    )
    return Answer(data, 202)


def _ended_plan_answer(planned: PlannedDeletion) -> Answer:
    """What has become of it: its operation's own answer if it was sent. Raises ApiError if it was kept or refused."""
    url = _plan_url(planned)
    if planned.state == PlanState.REFUSED:
        why = refused(OperationRefusedError(planned.code)).detail
        detail = f"When it was due the portal's rules refused it. Nothing was sent. {why} {ANOTHER_KEY}"
        raise ApiError(409, "deletion_refused", detail, deletion=url, refusal=planned.code)
    operation = None
    if planned.operation_id is not None:
        operation = Operation.objects.filter(pk=planned.operation_id).first()
    if operation is None:
        detail = f"The deletion was called back: the snapshot is kept, and nothing was sent. {ANOTHER_KEY}"
        raise ApiError(409, "deletion_kept", detail, deletion=url)
    if planned.state == PlanState.SENT and is_sent_again(operation):
        return _planned_answer(planned)
    return Answer(None, 204, check_accepted(operation))


def _plan_url(planned: PlannedDeletion) -> str:
    return reverse("deletion_detail", args=[planned.pk])
