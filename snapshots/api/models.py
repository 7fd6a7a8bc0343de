"""API keys, and the calls that named an Idempotency-Key."""

import secrets
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from snapshots.vault.models import ALPHABET, StoredToken

RIGHTS: Final = (
    "snapshots.see",
    "snapshots.create",
    "snapshots.restore",
    "snapshots.delete",
    "schedules.pause",
    "schedules.manage",
    "audit.read",
)
"""What a key may be allowed; each is a permission that its person must have too."""


def new_key_id() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(10))


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def alive(self) -> "ApiKeyQuerySet":
        return self.filter(revoked_at=None, expires_at__gt=timezone.now())


class ApiKey(models.Model):
    """A key with which a script acts in the name of a person, with one stored token, and with no more than these rights."""

    id = models.CharField(primary_key=True, max_length=12, default=new_key_id, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=80)
    shown_part = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    rights = models.JSONField(default=list)
    """Of RIGHTS."""
    server_ids = models.JSONField(default=list)
    """The servers that it reaches; empty: all that its token shows."""
    token = models.ForeignKey(StoredToken, on_delete=models.SET_NULL, null=True, related_name="+")
    needs_reason = models.BooleanField(default=False)
    """Whether a request must give a reason where a page would ask for one."""
    created_at = models.DateTimeField()
    created_by_id = models.BigIntegerField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    log_read_on = models.DateField(null=True)
    """The last day (UTC) on which it read the audit log, which has a row of it then."""
    revoked_at = models.DateTimeField(null=True)
    revoked_by_id = models.BigIntegerField(null=True)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        db_table = "api_key"
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "name"], condition=Q(revoked_at=None), name="api_key_name"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def channel(self) -> str:
        """As the audit log records what is done with it."""
        return f"api:{self.pk}"

    def is_expired(self, now: datetime | None = None) -> bool:
        return self.expires_at <= (now or timezone.now())

    def reaches(self, server_id: int) -> bool:
        return not self.server_ids or server_id in self.server_ids


class ApiCall(models.Model):
    """A write with an Idempotency-Key, for 24 hours: the same key again means the same operation."""

    digest = models.CharField(max_length=64, unique=True)
    """Of the API key and the Idempotency-Key."""
    request_digest = models.CharField(max_length=64)
    operation_key = models.CharField(max_length=64)
    """The one-time key of what it began: Operation.idempotency_key, Job.form_key or PlannedDeletion.form_key."""
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "api_call"

    def __str__(self) -> str:
        return self.digest
