"""Troubles that last: since when each does, and that each is told once."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from snapshots.notifications.models import Event, Trouble
from snapshots.notifications.outbox import announce


def lasting(name: str, *, is_bad: bool, after: timedelta) -> Trouble | None:
    """The trouble, if it has lasted for `after` and was not told. One that is over is forgotten."""
    if not is_bad:
        Trouble.objects.filter(name=name).delete()
        return None
    now = timezone.now()
    trouble, _created = Trouble.objects.get_or_create(name=name, defaults={"since": now})
    if trouble.since > now:  # the clock was set back since
        Trouble.objects.filter(pk=name).update(since=now)
        return None
    return None if trouble.is_told or now - trouble.since < after else trouble


def tell(trouble: Trouble, event: Event) -> int:
    """Announce the event of this trouble, once. Returns how many events were made."""
    event.key = f"{trouble.name}-{trouble.since:%Y%m%dT%H%M%S}"
    with transaction.atomic():
        Trouble.objects.filter(pk=trouble.pk).update(is_told=True)
        return int(announce(event))
