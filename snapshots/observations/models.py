"""What each token listed last, every snapshot that is known, and the changes between readings."""

from django.db import models
from django.db.models import Q


class SeenList(models.Model):
    """The newest whole list of one token that was compared. Its first one is the baseline: it is no news."""

    token_fingerprint = models.CharField(primary_key=True, max_length=64)
    started_at = models.DateTimeField()
    read_at = models.DateTimeField()
    snapshots = models.JSONField(default=list)
    """Keys of the snapshots that it lists, with those of `missing`: see `key_of`."""
    missing = models.JSONField(default=dict)
    """Key → when it was listed last and when it was missed first, for what a second list must confirm."""

    class Meta:
        db_table = "observed_list"

    def __str__(self) -> str:
        return f"{self.token_fingerprint[:8]} {self.read_at}"


class KnownSnapshot(models.Model):
    """A snapshot as it was listed last, by any token. `version` counts its changes: each is made by one observer."""

    server_id = models.BigIntegerField()
    server_name = models.CharField(max_length=300)
    snapshot_id = models.BigIntegerField()
    name = models.CharField(max_length=300)
    size_mb = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(null=True)
    """The provider's time."""
    first_listed_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    """When the list was read that showed it in this form first. Older lists say nothing about it any more."""
    gone_at = models.DateTimeField(null=True)
    version = models.IntegerField(default=0)
    is_announced = models.BooleanField(default=False)
    """Whether a change says that it appeared. False for what belongs to a baseline."""

    class Meta:
        db_table = "observed_snapshot"
        constraints = [
            models.UniqueConstraint(fields=["server_id", "snapshot_id"], name="observed_snapshot_once")
        ]
        indexes = [models.Index(fields=["snapshot_id"], name="observed_snapshot_number")]

    def __str__(self) -> str:
        return f"{self.key} {self.name}"

    @property
    def key(self) -> str:
        return key_of(self.server_id, self.snapshot_id)


class KnownServer(models.Model):
    """A server that was listed, when a snapshot of it was completed last, and after how long a silence is told."""

    server_id = models.BigIntegerField(primary_key=True)
    server_name = models.CharField(max_length=300)
    token_label = models.CharField(max_length=80, blank=True)
    token_fingerprint = models.CharField(max_length=64, blank=True)
    """The token that listed it last."""
    first_listed_at = models.DateTimeField()
    listed_at = models.DateTimeField()
    """When it was listed last, up to a minute early."""
    gone_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    completed_name = models.CharField(max_length=300, blank=True)
    """The newest completed snapshot that was ever listed."""
    silent_after_days = models.IntegerField(null=True)
    """0 for never; None for the setting."""
    silent_told_at = models.DateTimeField(null=True)
    """When the present silence was told."""

    class Meta:
        db_table = "observed_server"

    def __str__(self) -> str:
        return f"{self.server_id} {self.server_name}"


class Code(models.TextChoices):
    APPEARED = "appeared"
    VANISHED = "vanished"
    VANISHED_WITH_SERVER = "vanished_with_server"
    RENAMED = "renamed"
    RESIZED = "resized"


VANISHED_CODES = (Code.VANISHED, Code.VANISHED_WITH_SERVER)


class Change(models.Model):
    """A difference between two readings, made once. It waits while an operation of ours may be its cause.

    The row of one that an operation explains is deleted; another is recorded in the log.
    """

    snapshot = models.ForeignKey(KnownSnapshot, on_delete=models.CASCADE, related_name="changes")
    version = models.IntegerField()
    code = models.CharField(max_length=24, choices=Code)
    name = models.CharField(max_length=300)
    """The snapshot's name after the change."""
    evidence = models.TextField()
    token_label = models.CharField(max_length=80)
    token_fingerprint = models.CharField(max_length=64)
    seen_at = models.DateTimeField()
    recorded_at = models.DateTimeField(null=True)
    sequence = models.BigIntegerField(null=True)
    """Its row in the log."""

    class Meta:
        db_table = "observed_change"
        constraints = [models.UniqueConstraint(fields=["snapshot", "version"], name="observed_change_once")]
        indexes = [
            models.Index(
                fields=["seen_at"], name="observed_change_waiting", condition=Q(recorded_at__isnull=True)
            ),
            models.Index(fields=["recorded_at"], name="observed_change_recorded"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


def key_of(server_id: int, snapshot_id: int) -> str:
    return f"{server_id}/{snapshot_id}"
