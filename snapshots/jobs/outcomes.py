"""How the steps of a job ended, in the words of their operations: completed, planned, unknown, not completed (promise 9).

A step's own row says when the job goes on. What may be tried again follows from the operation: an unknown result never
may, since it may have happened.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import models

from snapshots.deletions.models import PlannedDeletion
from snapshots.jobs.engine import GONE_ON, PLANNED
from snapshots.jobs.models import Job, JobQuerySet, Kind, Step, StepState
from snapshots.operations.models import Finding, Operation, State

MANY = frozenset({Kind.CREATE_MANY, Kind.DELETE_MANY, Kind.RESTORE_MANY})
"""Jobs of which the failed items can be tried again."""


class Outcome(models.TextChoices):
    WAITING = "waiting"
    RUNNING = "running"
    COMPLETED = "completed"
    PLANNED = "planned"
    UNKNOWN = "unknown"
    FAILED = "failed"
    LEFT_OUT = "left_out"


DONE = frozenset({Outcome.COMPLETED, Outcome.PLANNED})
TRIED_AGAIN = frozenset({Outcome.FAILED, Outcome.LEFT_OUT})


@dataclass(frozen=True)
class Result:
    """A step, how it ended, and its operation, if it has one."""

    step: Step
    outcome: Outcome
    operation: Operation | None

    @property
    def snapshot_id(self) -> int | None:
        made = self.operation.snapshot_id if self.operation else None
        return self.step.snapshot_id or made

    @property
    def key(self) -> int | None:
        """What it is about: the same in a job and in its retry."""
        return self.step.snapshot_id if self.step.job.kind == Kind.DELETE_MANY else self.step.server_id


def results_of(jobs: Iterable[Job]) -> list[Result]:
    """The results of all steps, in the order of jobs, lanes and positions."""
    known = list(jobs)
    order = {job.pk: number for number, job in enumerate(known)}
    by_pk = {job.pk: job for job in known}
    steps = list(Step.objects.filter(job_id__in=order).order_by("lane", "position"))
    steps.sort(key=lambda one: order[one.job_id])
    for step in steps:
        step.job = by_pk[step.job_id]
    keys = [step.idempotency_key for step in steps]
    operations = {one.idempotency_key: one for one in Operation.objects.filter(idempotency_key__in=keys)}
    planned = set(PlannedDeletion.objects.filter(form_key__in=keys).values_list("form_key", flat=True))
    return [
        _result(step, operations.get(key), is_planned=key in planned)
        for step, key in zip(steps, keys, strict=True)
    ]


def _result(step: Step, operation: Operation | None, *, is_planned: bool) -> Result:
    if operation is not None:
        return Result(step, _outcome_of_operation(step, operation), operation)
    if is_planned or step.code == PLANNED:
        return Result(step, Outcome.PLANNED, None)
    if step.state == StepState.WAITING and not step.job.is_running:
        return Result(step, Outcome.LEFT_OUT, None)
    return Result(step, Outcome(step.state), None)


def _outcome_of_operation(step: Step, operation: Operation) -> Outcome:
    if operation.state == State.UNKNOWN or operation.finding == Finding.UNDECIDED:
        return Outcome.UNKNOWN
    if operation.is_open:  # a job waits only for a while: how it ends is not known then
        return Outcome.UNKNOWN if step.state == StepState.FAILED else Outcome.RUNNING
    has_happened = operation.state in GONE_ON and operation.finding in {Finding.NONE, Finding.HAPPENED}
    return Outcome.COMPLETED if has_happened else Outcome.FAILED


def aims(results: Sequence[Result]) -> list[Result]:
    """The last step of each lane: what was asked for. The steps before it only prepare it."""
    return list({(one.step.job_id, one.step.lane): one for one in results}.values())


def chain_of(job: Job, seen: JobQuerySet) -> list[Job]:
    """The job with those that it tries again and that try it again, oldest first, as far as they are in `seen`."""
    first = job
    while first.retry_of_id and (before := seen.filter(pk=first.retry_of_id).first()):
        first = before
    chain = [first]
    while after := seen.filter(retry_of=chain[-1]).first():
        chain.append(after)
    return chain


def last_attempts(chain: Sequence[Job]) -> list[Result]:
    """The newest attempt at each item of a job and its retries, in the order of the first ones."""
    return last_attempts_of([chain])[0]


def last_attempts_of(chains: Sequence[Sequence[Job]]) -> list[list[Result]]:
    """The last attempts of each chain, read together."""
    numbers = {job.pk: number for number, chain in enumerate(chains) for job in chain}
    found: list[dict[int | None, Result]] = [{} for _chain in chains]
    for one in aims(results_of(job for chain in chains for job in chain)):
        found[numbers[one.step.job_id]][one.key] = one
    return [list(attempts.values()) for attempts in found]


def to_try_again(chain: Sequence[Job]) -> list[Result]:
    """The items that were not done, each by its newest attempt; none while the last job runs."""
    if chain[-1].is_running or chain[-1].kind not in MANY:
        return []
    return [one for one in last_attempts(chain) if one.outcome in TRIED_AGAIN]
