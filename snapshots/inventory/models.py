"""The lease table: see leases.py."""

from django.db import models


class Lease(models.Model):
    """Held by `owner` until `expires_at` (seconds since the epoch). Taken by one atomic upsert."""

    key = models.CharField(primary_key=True, max_length=80)
    owner = models.CharField(max_length=32)
    expires_at = models.FloatField()

    class Meta:
        db_table = "lease"

    def __str__(self) -> str:
        return self.key
