"""Performs one step of a job as an operation, with the checks of a form that a person sends."""

from functools import partial
from typing import Any

from snapshots.audit.journal import Actor
from snapshots.deletions.models import PlannedDeletion
from snapshots.deletions.service import request_delete
from snapshots.jobs.models import Job, JobState, Kind, Step
from snapshots.operations import service
from snapshots.operations.approval import Approval
from snapshots.operations.confirmation import Authorization, Confirmation
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action, Operation
from snapshots.vault.models import StoredToken


def perform(job: Job, step: Step) -> Operation | PlannedDeletion:
    """The step's operation, or its deletion that waits for a grace time.

    Raises OperationRefusedError, JournalUnavailableError.
    """
    token = _token(step)
    request: dict[str, Any] = {
        "actor": _actor(job, step),
        "token": token,
        "confirmation": Authorization(
            _confirmation(job, step),
            partial(_check_running, job),
            of_schedule=job.kind == Kind.SCHEDULE,
            begun_under=tuple(job.begun_under),
        ),
        "override_reason": step.override_reason,
        "reason": job.reason or ("Makes room for the next step." if step.at_once else ""),
    }
    match step.action:
        case Action.CREATE:
            return service.create_snapshot(**request, name=step.snapshot_name, description=step.description)
        case Action.RESTORE:
            return service.restore_snapshot(**request, typed_name=step.typed_name)
        case _:
            return request_delete(**request, delete_now=step.at_once, spares_newest=step.spares_newest)


def _token(step: Step) -> StoredToken:
    token = StoredToken.objects.filter(pk=step.token_id).first()
    if token is None:
        raise OperationRefusedError("token_gone")
    return token


def _actor(job: Job, step: Step) -> Actor:
    """The person who confirmed the job. Whether they still may do it is checked in the transaction of the intent."""
    return Actor(
        id=job.actor_id,
        name=job.actor_name,
        role=job.actor_role,
        channel=job.channel,
        may_override=bool(step.override_reason),
    )


def _confirmation(job: Job, step: Step) -> Confirmation:
    return Confirmation(
        idempotency_key=step.idempotency_key,
        actor_id=job.actor_id,
        action=step.action,
        token_id=step.token_id,
        server_id=step.server_id,
        snapshot_id=step.snapshot_id,
        fingerprint=step.fingerprint,
        approval=Approval.stored(job.approval),
    )


def _check_running(job: Job) -> None:
    """The job was not cancelled meanwhile: read under the log's lock, which cancelling takes too."""
    if not Job.objects.filter(pk=job.pk, state=JobState.RUNNING).exists():
        raise OperationRefusedError("job_over")
