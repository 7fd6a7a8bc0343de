"""Starts and cancels jobs, and says who may see them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from itertools import pairwise
from uuid import UUID

from django.db import IntegrityError
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from snapshots import contract
from snapshots.audit import journal
from snapshots.audit.journal import Actor, EntryData
from snapshots.audit.wording.statements import LIST_LONGEST, joined
from snapshots.connection import Person
from snapshots.inventory.shown_servers import shown_to
from snapshots.jobs import engine, statements
from snapshots.jobs.models import OPEN_STEPS, Job, JobQuerySet, JobState, Kind, Step, StepState
from snapshots.operations import places
from snapshots.operations.approval import Approval
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action, Operation
from snapshots.operations.ownership import check_rights, owned_by
from snapshots.operations.rights import DELETE_OWN, Borrowed, Right, borrowed, check_person, may_on
from snapshots.vault.models import StoredToken


def job_for_key(idempotency_key: str) -> Job | None:
    """The job of the form with this key, if it was sent before."""
    return Job.objects.filter(idempotency_key=idempotency_key).first()


def start(
    *,
    actor: Actor,
    kind: Kind,
    steps: Sequence[Step],
    idempotency_key: str,
    reason: str = "",
    title: str = "",
    channel: str = "job",
    retry_of: Job | None = None,
    point: Job | None = None,
    approval: Approval | None = None,
    guard: Callable[[], object] = lambda: None,
) -> Job:
    """Commit a job with its steps and its row in the log; its operations follow (see engine).

    A step that is refused already (state "failed") has its row in the log like any refused operation. Returns the first
    job of this form if it was sent before. Raises OperationRefusedError (not_allowed_any_more if the person lacks a right
    that a step needs, already_retried), JournalUnavailableError. `guard` is called last, under the log's lock.
    """
    job = Job(
        idempotency_key=idempotency_key,
        kind=kind,
        title=title,
        reason=contract.clean_reason(reason),
        actor_id=int(actor.id or 0),
        actor_name=actor.name,
        actor_role=actor.role,
        channel=channel,
        created_at=timezone.now(),
        retry_of=retry_of,
        point=point,
        approval=asdict(approval) if approval else None,
    )
    try:
        _commit(actor, job, steps, guard)
    except IntegrityError:
        earlier = job_for_key(idempotency_key)
        if earlier is not None:
            return earlier
        if retry_of is not None and Job.objects.filter(retry_of=retry_of).exists():
            raise OperationRefusedError("already_retried") from None
        raise
    return job


def _commit(actor: Actor, job: Job, steps: Sequence[Step], guard: Callable[[], object]) -> None:
    tokens = StoredToken.objects.in_bulk({step.token_id for step in steps})
    with journal.committed():
        noted = borrowed(actor.id, _rights_to_begin(job, steps))
        job.begun_under = list(noted.ids)
        job.save(force_insert=True)
        for step in steps:
            step.job = job
        Step.objects.bulk_create(steps)
        journal.record(_start_entry(actor, job, steps, noted))
        for step in steps:
            if step.state == StepState.FAILED:
                journal.record(_refusal_entry(actor, job, step, tokens.get(step.token_id)))
        _check_rights(actor, job, _rights_to_begin(job, steps), noted)
        _reserve_places(job, steps)
        guard()


def _reserve_places(job: Job, steps: Sequence[Step]) -> None:
    """For each create for which the step before it makes room. A run of a schedule does not fail because of another job."""
    for before, step in pairwise(steps):
        makes_room = before.at_once and step.action == Action.CREATE and before.server_id == step.server_id
        if makes_room and before.state != StepState.FAILED:
            if job.kind == Kind.SCHEDULE and places.is_reserved(step.server_id):
                continue
            places.reserve(step.server_id, step.idempotency_key)


def _rights_of(steps: Iterable[Step]) -> set[Right]:
    return {(Action(one.action).permission, one.server_id) for one in steps if one.state != StepState.FAILED}


def _rights_to_begin(job: Job, steps: Sequence[Step]) -> set[Right]:
    """To delete what is one's own takes less. A schedule deletes what it made, whoever owns that, with the full right."""
    deletes = [one.server_id for one in steps if one.action == Action.DELETE]
    if job.kind == Kind.SCHEDULE or not deletes:
        return _rights_of(steps)
    owned = owned_by(job.actor_id, deletes)
    own = [one for one in steps if one.action == Action.DELETE and (one.server_id, one.snapshot_id) in owned]
    others = _rights_of(one for one in steps if one not in own)
    return others | {(DELETE_OWN, server_id) for _permission, server_id in _rights_of(own)}


def _check_rights(actor: Actor, job: Job, wanted: set[Right], noted: Borrowed) -> None:
    """Those of the person. The token's limits are checked with each step, as a step is refused alone; so is a right that the
    owner of a schedule has on others of its servers."""
    if job.kind == Kind.SCHEDULE:
        person = check_person(actor.id, ())
        if any(may_on(person, *one) for one in wanted):
            return
        check_person(actor.id, wanted, noted=noted)
    else:
        check_rights(actor.id, wanted, noted=noted)


def _start_entry(actor: Actor, job: Job, steps: Sequence[Step], noted: Borrowed) -> EntryData:
    evidence = noted.added_to(_evidence(job, steps))
    return job.entry(actor, action="job.start", steps=steps, reason=job.reason, evidence=evidence)


def _refusal_entry(actor: Actor, job: Job, step: Step, token: StoredToken | None) -> EntryData:
    return actor.entry(
        action=step.action,
        result="refused",
        code=step.code,
        server_id=step.server_id,
        server_name=step.server_name,
        snapshot_id=step.snapshot_id,
        snapshot_name=step.snapshot_name,
        reason=job.reason,
        token_label=token.label if token else "",
        token_fingerprint=token.fingerprint if token else "",
    )


def _evidence(job: Job, steps: Sequence[Step]) -> str:
    approval = Approval.stored(job.approval)
    """Such as 'snapshot.create “before-restore” of “web-server-01”; snapshot.restore “weekly” of “web-server-01”'."""
    named = (
        statements.STEP.said(action=step.action, snapshot=step.snapshot_name, server=step.server_name)
        for step in steps
    )
    return joined([approval.text if approval else "", *named], longest=LIST_LONGEST)


def cancel(*, actor: Actor, job: Job, reason: str = "") -> Job:
    """End a job before its next step. What was sent goes on. Raises OperationRefusedError (job_over, all_sent)."""
    if job.is_running and not has_steps_ahead(job):
        raise OperationRefusedError("all_sent")
    noted = Borrowed() if actor.id == job.actor_id else borrowed(actor.id, _rights_of(job.steps.all()))
    if not engine.end(job, JobState.CANCELLED, source=actor, reason=reason, note=noted.note):
        raise OperationRefusedError("job_over")
    return job


def has_steps_ahead(job: Job) -> bool:
    """Whether a step has not been sent yet. A job whose last step was sent is followed to that step's end."""
    return job.steps.filter(state__in=OPEN_STEPS, operation_id=None).exists()


def running_on(server_id: int) -> JobQuerySet:
    """Jobs that have not ended all their steps on this server."""
    steps = Step.objects.filter(server_id=server_id, state__in=OPEN_STEPS)
    return Job.objects.running().filter(pk__in=steps.values("job_id"))


def going_to_restore(server_id: int, *, other_than: str = "") -> set[str]:
    """The IDs of the jobs that are going to restore the server. `other_than`: the key of one that is not meant."""
    steps = Step.objects.filter(
        server_id=server_id, action=Action.RESTORE, state__in=OPEN_STEPS, job__state=JobState.RUNNING
    )
    others = steps.exclude(job__idempotency_key=other_than)
    return {str(pk) for pk in others.values_list("job_id", flat=True)}


def may_cancel(user: Person, job: Job) -> bool:
    """The person who started it, and people who have every right that its steps need."""
    steps = job.steps.values_list("action", "server_id").distinct()
    rights = ((Action(action).permission, server_id) for action, server_id in steps)
    return user.pk == job.actor_id or all(may_on(user, *one) for one in rights)


def visible_to(user: Person) -> JobQuerySet:
    """A person's own jobs, those with a token they have stored too, and those on servers that their tokens show."""
    if user.has_perm("people.manage"):  # type: ignore[union-attr]
        return Job.objects.all()
    return Job.objects.filter(Q(actor_id=user.pk) | Q(pk__in=steps_shown_to(user).values("job_id")))


def steps_shown_to(user: Person) -> QuerySet[Step]:
    """Of anybody's jobs: with a token that the person has stored too, or on servers that the person's tokens show."""
    stored = StoredToken.objects.filter(pk=OuterRef("token_id")).values("fingerprint")[:1]
    steps = Step.objects.annotate(token_fingerprint=Subquery(stored))
    operations = Operation.objects.filter(shown_to(user)).values("pk")
    return steps.filter(shown_to(user) | Q(operation_id__in=operations))


def job_of_operation(operation_id: UUID) -> Job | None:
    return Job.objects.filter(steps__operation_id=operation_id).first()
