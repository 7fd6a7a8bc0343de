"""The audit log's rows: inserted by journal.py alone, never changed or deleted: the database refuses."""

from typing import Any

from django.db import models


class Phase(models.TextChoices):
    """Where a row stands in its story. An event is a story of one row."""

    INTENT = "intent"
    OUTCOME = "outcome"
    EVENT = "event"


class Entry(models.Model):
    """One row of the log. Names are copied, so that a row survives whom and what it speaks of."""

    sequence = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    clock_was_behind = models.BooleanField(default=False)
    previous_hash = models.CharField(max_length=64, unique=True)
    hash = models.CharField(max_length=64)
    key_id = models.CharField(max_length=16)

    phase = models.CharField(max_length=10, choices=Phase)
    operation_id = models.UUIDField(null=True)
    action = models.CharField(max_length=60)
    result = models.CharField(max_length=20)
    code = models.CharField(max_length=60, blank=True)

    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, blank=True)
    actor_role = models.CharField(max_length=20, blank=True)
    settled_by = models.CharField(max_length=150, blank=True)

    server_id = models.BigIntegerField(null=True)
    server_name = models.CharField(max_length=300, blank=True)
    snapshot_id = models.BigIntegerField(null=True)
    snapshot_name = models.CharField(max_length=300, blank=True)
    target = models.CharField(max_length=300, blank=True)

    reason = models.TextField(blank=True)
    evidence = models.TextField(blank=True)

    address = models.CharField(max_length=45, blank=True)
    door = models.CharField(max_length=10, blank=True)
    token_label = models.CharField(max_length=80, blank=True)
    token_fingerprint = models.CharField(max_length=64, blank=True)
    request_id = models.CharField(max_length=36, blank=True)

    provider_status = models.IntegerField(null=True)
    provider_message = models.TextField(blank=True)
    duration_ms = models.IntegerField(null=True)

    class Meta:
        db_table = "audit_entry"
        ordering = ["-sequence"]
        indexes = [
            models.Index(fields=["at", "sequence"], name="audit_at"),
            models.Index(fields=["operation_id", "sequence"], name="audit_operation"),
            models.Index(fields=["action", "sequence"], name="audit_action"),
            models.Index(fields=["result", "sequence"], name="audit_result"),
            models.Index(fields=["actor_name", "sequence"], name="audit_actor"),
            models.Index(fields=["server_id", "sequence"], name="audit_server"),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.action} {self.result}"

    @classmethod
    def column(cls, name: str) -> "models.Field[Any, Any]":
        field = cls._meta.get_field(name)
        assert isinstance(field, models.Field)
        return field
