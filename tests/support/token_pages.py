"""URLs of the pages of one token, and what the audit log records about tokens."""

from django.urls import reverse

from snapshots.audit.models import Entry
from snapshots.vault.models import StoredToken


def url(name: str, stored: StoredToken) -> str:
    return reverse(name, args=[stored.pk])


def recorded() -> list[tuple[str, str, str, str]]:
    """Action, result, code and token label of every audit row, oldest first."""
    return [(row.action, row.result, row.code, row.token_label) for row in Entry.objects.order_by("sequence")]
