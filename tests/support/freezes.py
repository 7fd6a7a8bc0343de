"""Places freezes."""

from datetime import timedelta

from django.utils import timezone

from snapshots.operations import freezes
from snapshots.operations.freezes import FreezeDefinition
from snapshots.operations.guarded_models import Freeze
from tests.support.desk import Desk

DAY = timedelta(days=1)


def freeze(desk: Desk, view=None, **more) -> Freeze:
    """On the server, or on all; from now on for two days."""
    now = timezone.now()
    fields = {
        "name": "Weekend",
        "servers": {view.server_id: view.name} if view else None,
        "time_zone": "Europe/Berlin",
        "starts_at": now,
        "ends_at": now + 2 * DAY,
        "weekly": None,
        "reason": "nobody is there",
    }
    return freezes.place(actor=desk.actor, definition=FreezeDefinition(**fields | more))
