"""Schedules, the servers they cover, and their runs."""

import uuid
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from snapshots.audit.journal import Actor, EntryData
from snapshots.schedules.recurrence import Preset, Recurrence
from snapshots.schedules.retention import Keep
from snapshots.vault.models import StoredToken


class State(models.TextChoices):
    """A person pauses and resumes; the portal pauses after failures, and stops what can no longer run."""

    ACTIVE = "active", _("Active")
    PAUSED = "paused", _("Paused")
    STOPPED = "stopped", _("Stopped")


class ScheduleQuerySet(models.QuerySet["Schedule"]):
    def present(self) -> "ScheduleQuerySet":
        """Those that were not removed."""
        return self.filter(removed_at=None)

    def active(self) -> "ScheduleQuerySet":
        return self.present().filter(state=State.ACTIVE)


class Schedule(models.Model):
    """Makes snapshots in the name of its owner, with the owner's token. The row of a removed one stays for its runs."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    form_key = models.CharField(max_length=64, unique=True)
    """The one-time key of the form that made it."""
    name = models.CharField(max_length=80)
    state = models.CharField(max_length=10, choices=State, default=State.ACTIVE)
    code = models.CharField(max_length=60, blank=True)
    """Why the portal paused or stopped it; '' if a person did."""

    owner_id = models.BigIntegerField()
    token_id = models.CharField(max_length=12)
    token_fingerprint = models.CharField(max_length=64)
    covers_all = models.BooleanField(default=False)
    """All servers that the token shows at the time of a run, instead of those in `servers`."""

    preset = models.CharField(max_length=10, choices=Preset)
    cron = models.CharField(max_length=100)
    time_zone = models.CharField(max_length=60)
    name_pattern = models.CharField(max_length=100)
    description = models.CharField(max_length=500, blank=True)
    keep_last = models.IntegerField(default=0)
    keep_daily = models.IntegerField(default=0)
    keep_weekly = models.IntegerField(default=0)
    keep_monthly = models.IntegerField(default=0)
    previewed = models.CharField(max_length=64, blank=True)
    """The digest of the definition whose preview the owner saw (see definition.py): it deletes nothing for another one."""

    next_due_at = models.DateTimeField(null=True)
    failures = models.IntegerField(default=0)
    """Runs in a row in which nothing was completed."""
    silent_told_at = models.DateTimeField(null=True)
    """Since when it is known, and told, that no run was completed for too long."""
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)
    resumed_at = models.DateTimeField(null=True)
    """When its last pause ended."""

    objects = ScheduleQuerySet.as_manager()

    class Meta:
        db_table = "schedule"
        ordering = ["name"]
        indexes = [
            models.Index(fields=["next_due_at"], name="schedule_due", condition=Q(state="active")),
            models.Index(fields=["token_fingerprint"], name="schedule_token"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def recurrence(self) -> Recurrence:
        return Recurrence(self.cron, self.time_zone)

    @property
    def keep(self) -> Keep:
        return Keep(
            last=self.keep_last, daily=self.keep_daily, weekly=self.keep_weekly, monthly=self.keep_monthly
        )

    @property
    def targets(self) -> list[int | None]:
        """The IDs of its servers; None stands for all."""
        named = [] if self.covers_all else list(self.servers.values_list("server_id", flat=True))
        return list(named) or [None]

    @property
    def is_active(self) -> bool:
        return self.state == State.ACTIVE and self.removed_at is None

    def entry(self, actor: Actor, *, action: str, **fields: Any) -> EntryData:
        """A row of the log about it."""
        token = StoredToken.objects.filter(pk=self.token_id, fingerprint=self.token_fingerprint).first()
        return actor.entry(
            action=action,
            target=self.name,
            token_label=token.label if token else "",
            token_fingerprint=self.token_fingerprint,
            **fields,
        )


class ScheduleServer(models.Model):
    """A server that a schedule covers. The name is that of when it was chosen."""

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="servers")
    server_id = models.BigIntegerField()
    server_name = models.CharField(max_length=300)

    class Meta:
        db_table = "schedule_server"
        ordering = ["server_name", "server_id"]
        constraints = [models.UniqueConstraint(fields=["schedule", "server_id"], name="schedule_server_once")]

    def __str__(self) -> str:
        return self.server_name


class Cause(models.TextChoices):
    DUE = "due", _("On time")
    CATCH_UP = "catch_up", _("After a downtime")
    NOW = "now", _("By hand")


class RunState(models.TextChoices):
    """waiting → running → completed | partly | failed | cancelled; or waiting → failed; or skipped."""

    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    COMPLETED = "completed", _("Completed")
    PARTLY = "partly", _("Partly completed")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")
    SKIPPED = "skipped", _("Skipped")


OPEN_RUNS = (RunState.WAITING, RunState.RUNNING)


class Run(models.Model):
    """One run of a schedule: its job, from a reading of the lists on. A due time has at most one, and of two one is open."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="runs")
    cause = models.CharField(max_length=10, choices=Cause)
    due_at = models.DateTimeField()
    missed = models.IntegerField(default=0)
    """How many earlier due times it stands for, during which no worker ran."""
    form_key = models.CharField(max_length=64, unique=True, null=True)
    """The one-time key of the form that asked for it; None for a due one."""
    state = models.CharField(max_length=10, choices=RunState, default=RunState.WAITING)
    code = models.CharField(max_length=60, blank=True)
    job_id = models.UUIDField(null=True)

    tries = models.IntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "schedule_run"
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["schedule", "due_at"], condition=~Q(cause="now"), name="schedule_run_once"
            ),
            models.UniqueConstraint(
                fields=["schedule"], condition=Q(state__in=["waiting", "running"]), name="schedule_run_alone"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "created_at"], name="schedule_run_state"),
            models.Index(fields=["schedule", "-created_at"], name="schedule_run_newest"),
            models.Index(fields=["job_id"], name="schedule_run_job"),
        ]

    def __str__(self) -> str:
        return f"{self.schedule_id} {self.due_at} {self.state}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_RUNS

    @property
    def idempotency_key(self) -> str:
        """That of its job: however often it is begun, one job is started."""
        return f"run-{self.id.hex}"
