"""Jobs and their steps. A step's progress is that of its operation; these rows say what comes next."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from snapshots.audit.journal import Actor, EntryData
from snapshots.operations.models import Action
from snapshots.vault.models import StoredToken


class Kind(models.TextChoices):
    SAFE_RESTORE = "safe_restore", _("Restore with a safety snapshot")
    REPLACE = "replace", _("Create in place of another snapshot")
    CREATE_MANY = "create_many", _("Create on several servers")
    DELETE_MANY = "delete_many", _("Delete several snapshots")
    RESTORE_MANY = "restore_many", _("Go back to a restore point")
    SCHEDULE = "schedule", _("Run of a schedule")


class JobState(models.TextChoices):
    RUNNING = "running", _("Running")
    COMPLETED = "completed", _("Completed")
    STOPPED = "stopped", _("Stopped")
    CANCELLED = "cancelled", _("Cancelled")


class StepState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    COMPLETED = "completed", _("Completed")
    FAILED = "failed", _("Not completed")
    LEFT_OUT = "left_out", _("Left out")


OPEN_STEPS = (StepState.WAITING, StepState.RUNNING)


class JobQuerySet(models.QuerySet["Job"]):
    def running(self) -> "JobQuerySet":
        return self.filter(state=JobState.RUNNING)

    def forget_person(self, person_id: int) -> None:
        """Blank the person's name in every job; the number stays."""
        self.filter(actor_id=person_id).update(actor_name="")


class Job(models.Model):
    """Work of several steps that one person confirmed at once. `idempotency_key` is that of the confirmed form."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    idempotency_key = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=20, choices=Kind)
    state = models.CharField(max_length=12, choices=JobState, default=JobState.RUNNING)
    title = models.CharField(max_length=300, blank=True)
    """The name that its snapshots share, for example of a restore point."""
    reason = models.TextField(blank=True)
    retry_of = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="retry")
    """The job of which this one tries again what was not done. Only one other job tries a job again."""
    point = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="restores")
    """The first job of the restore point to which this one goes back."""

    approval = models.JSONField(null=True)
    """The fields of an Approval; None if nobody had to approve it."""
    begun_under = models.JSONField(default=list)
    """The IDs of the temporary roles under which it was begun: it goes on if none was ended early."""

    actor_id = models.BigIntegerField()
    actor_name = models.CharField(max_length=150)
    actor_role = models.CharField(max_length=20)
    channel = models.CharField(max_length=10, default="job")

    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        db_table = "job"
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["created_at"], name="job_running", condition=Q(state="running")),
            models.Index(fields=["actor_id", "-created_at"], name="job_actor"),
            models.Index(fields=["-created_at"], name="job_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"

    @property
    def is_running(self) -> bool:
        return self.state == JobState.RUNNING

    def entry(self, actor: Actor, *, action: str, steps: Sequence["Step"], **fields: Any) -> EntryData:
        """A row of the log about it, with the server and the token if all of its steps have the same."""
        servers = {step.server_id: step.server_name for step in steps}
        tokens = StoredToken.objects.filter(pk__in={step.token_id for step in steps})
        labels = {token.fingerprint: token.label for token in tokens}
        (server_id, server_name), *more_servers = servers.items() or [(None, "")]
        (fingerprint, label), *more_tokens = labels.items() or [("", "")]
        return actor.entry(
            action=action,
            code=self.kind,
            target=str(self.pk),
            server_id=None if more_servers else server_id,
            server_name="" if more_servers else server_name,
            token_label="" if more_tokens else label,
            token_fingerprint="" if more_tokens else fingerprint,
            **fields,
        )


class Step(models.Model):
    """One operation of a job. Steps of one lane run one after the other; lanes do not wait for each other."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="steps")
    lane = models.IntegerField(default=0)
    position = models.IntegerField(default=0)
    state = models.CharField(max_length=12, choices=StepState, default=StepState.WAITING)
    code = models.CharField(max_length=60, blank=True)
    """Why it was not completed: a code of OperationRefusedError or of its operation."""

    action = models.CharField(max_length=20, choices=Action)
    token_id = models.CharField(max_length=12)
    server_id = models.BigIntegerField()
    server_name = models.CharField(max_length=300)
    snapshot_id = models.BigIntegerField(null=True)
    snapshot_name = models.CharField(max_length=300)
    fingerprint = models.CharField(max_length=64, blank=True)
    """Of the snapshot as the person saw it (see operations.confirmation); '' for a create."""
    typed_name = models.CharField(max_length=300, blank=True)
    description = models.CharField(max_length=500, blank=True)
    override_reason = models.TextField(blank=True)
    at_once = models.BooleanField(default=False)
    """Of a delete: whether it makes room for the next step, so that it does not wait for the server's grace time."""

    spares_newest = models.BooleanField(default=False)
    """Of a delete: whether it is refused if the snapshot is the newest completed one of its server by then."""

    operation_id = models.UUIDField(null=True)
    first_tried_at = models.DateTimeField(null=True)
    tries = models.IntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "job_step"
        ordering = ["job", "lane", "position"]
        constraints = [models.UniqueConstraint(fields=["job", "lane", "position"], name="job_step_place")]
        indexes = [
            models.Index(fields=["operation_id"], name="job_step_operation"),
            models.Index(fields=["snapshot_id"], name="job_step_snapshot"),
        ]

    def __str__(self) -> str:
        return f"{self.lane}.{self.position} {self.action} {self.state}"

    @property
    def idempotency_key(self) -> str:
        """That of its operation: however often the step is tried, there is one operation for it."""
        return f"step-{self.job_id.hex}-{self.lane}-{self.position}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STEPS
