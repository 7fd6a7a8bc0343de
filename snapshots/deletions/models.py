"""Planned deletions, and the grace time of servers."""

import uuid
from collections.abc import Iterable
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from snapshots.audit.journal import Actor, EntryData
from snapshots.operations.guarded_models import Guarded


class Kind(models.TextChoices):
    GRACE = "grace", _("Deleted, with a grace time")
    KEEP_UNTIL = "keep_until", _("Kept until a date")


class State(models.TextChoices):
    """waiting → kept | replaced | refused, or → sent → done | failed.

    A sent one of which nothing left the portal is waiting again.
    """

    WAITING = "waiting", _("Waiting")
    SENT = "sent", _("Being deleted")
    DONE = "done", _("Deleted")
    FAILED = "failed", _("Not deleted")
    KEPT = "kept", _("Kept")
    REPLACED = "replaced", _("Replaced")
    REFUSED = "refused", _("Refused")


class PlannedDeletionQuerySet(models.QuerySet["PlannedDeletion"]):
    def waiting(self) -> "PlannedDeletionQuerySet":
        return self.filter(state=State.WAITING)

    def of_snapshots(self, snapshot_ids: Iterable[int]) -> "PlannedDeletionQuerySet":
        return self.filter(snapshot_id__in=list(snapshot_ids))


class PlannedDeletion(models.Model):
    """A snapshot that is deleted when `due_at` has come, unless somebody keeps it before. At most one waits for a snapshot."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    form_key = models.CharField(max_length=64, unique=True, null=True)
    """The one-time key of the form that planned it; None for a date."""
    kind = models.CharField(max_length=12, choices=Kind)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    code = models.CharField(max_length=60, blank=True)
    """Why it was refused, or could not be sent at the last try: a code of OperationRefusedError or of the operation."""

    approval = models.JSONField(null=True)
    """The fields of an Approval; None if nobody had to approve it."""
    begun_under = models.JSONField(default=list)
    """The IDs of the temporary roles under which it was planned: it is sent if none was ended early."""

    token_id = models.CharField(max_length=12)
    token_label = models.CharField(max_length=80)
    token_fingerprint = models.CharField(max_length=64)
    server_id = models.BigIntegerField()
    server_name = models.CharField(max_length=300)
    snapshot_id = models.BigIntegerField()
    snapshot_name = models.CharField(max_length=300)
    snapshot_created_at = models.DateTimeField(null=True)
    fingerprint = models.CharField(max_length=64)
    """Of the snapshot as the person saw it (see operations.confirmation)."""

    person_id = models.BigIntegerField()
    """In whose name it is deleted."""
    reason = models.TextField(blank=True)
    spares_newest = models.BooleanField(default=False)
    """Whether it is refused if the snapshot is the newest completed one of its server by then."""
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    reminded_at = models.DateTimeField(null=True)

    tries = models.IntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    sends = models.IntegerField(default=0)
    """How many operations were made for it before of which nothing left the portal."""
    operation_id = models.UUIDField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by_id = models.BigIntegerField(null=True)

    objects = PlannedDeletionQuerySet.as_manager()

    class Meta:
        db_table = "planned_deletion"
        ordering = ["due_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["server_id", "snapshot_id"],
                condition=Q(state="waiting"),
                name="planned_deletion_once",
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="planned_deletion_due"),
            models.Index(fields=["state", "ended_at"], name="planned_deletion_state"),
            models.Index(fields=["-ended_at"], name="planned_deletion_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.snapshot_name} {self.state}"

    @property
    def is_waiting(self) -> bool:
        return self.state == State.WAITING

    @property
    def idempotency_key(self) -> str:
        """That of its operation: however often it is tried, one operation is sent for it."""
        return f"deletion-{self.id.hex}" + (f"-{self.sends}" if self.sends else "")

    def entry(self, actor: Actor, *, action: str, **fields: Any) -> EntryData:
        """A row of the log about it."""
        return actor.entry(
            action=action,
            server_id=self.server_id,
            server_name=self.server_name,
            snapshot_id=self.snapshot_id,
            snapshot_name=self.snapshot_name,
            token_label=self.token_label,
            token_fingerprint=self.token_fingerprint,
            target=str(self.pk),
            **fields,
        )


class ServerGrace(Guarded):
    """The grace time of a server, where it differs from the setting, or is asked to be shorter: `next_days` holds at
    `lift_due_at`. None in either stands for the setting."""

    server_id = models.BigIntegerField(primary_key=True)
    server_name = models.CharField(max_length=300, blank=True)
    days = models.IntegerField(null=True)
    next_days = models.IntegerField(null=True)
    person_id = models.BigIntegerField(default=0)
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "server_grace"

    def __str__(self) -> str:
        return f"{self.server_id}"
