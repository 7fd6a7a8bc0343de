"""Which workers run, and when each of the rarer tasks ran last."""

from datetime import timedelta

from django.db import models
from django.utils import timezone

SILENT_AFTER = timedelta(seconds=60)
"""A worker that was not seen for so long counts as missing."""


class WorkerProcess(models.Model):
    """One run of a worker. `seen_at` is its heartbeat."""

    id = models.CharField(primary_key=True, max_length=32)
    host = models.CharField(max_length=200)
    pid = models.IntegerField()
    version = models.CharField(max_length=40)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    is_standby = models.BooleanField(default=False)
    """True while another worker does the work: on SQLite one at a time does it."""

    class Meta:
        db_table = "worker_process"
        ordering = ["-seen_at"]

    def __str__(self) -> str:
        return f"{self.host} {self.pid}"

    @property
    def is_alive(self) -> bool:
        return abs(timezone.now() - self.seen_at) < SILENT_AFTER


class TaskRun(models.Model):
    """A task of tasks.py that is shared by all workers: when it is due, and how its last run went."""

    name = models.CharField(primary_key=True, max_length=40)
    due_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        db_table = "worker_task"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
