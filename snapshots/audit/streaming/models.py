"""The position of each stream."""

from typing import Final

from django.db import models

EMPTY_HASH: Final = "0" * 64
"""The `previous_hash` of the first row."""


class StreamCursor(models.Model):
    """The last row whose delivery was confirmed, and who is sending now. Only cursors.py changes it.

    `hash` is that row's hash; '' when the row could not be read. `attempts` counts failures since the last confirmed delivery.
    `claimed_by` sends alone until `claimed_until`.
    """

    stream = models.CharField(max_length=20, primary_key=True)
    sequence = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True, default=EMPTY_HASH)
    confirmed_at = models.DateTimeField(null=True)
    attempts = models.IntegerField(default=0)
    failed_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True)
    retry_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    claimed_by = models.CharField(max_length=36, blank=True)
    claimed_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "audit_stream_cursor"

    def __str__(self) -> str:
        return f"{self.stream}: {self.sequence}"
