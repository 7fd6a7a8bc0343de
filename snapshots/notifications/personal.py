"""A person's own notifications in the portal: unread ones, and marking them as read."""

from django.utils import timezone

from snapshots.connection import Person
from snapshots.notifications.models import Notification

COUNTED = 100
"""More unread ones than this are not counted."""


def newest_unread(person: Person) -> list[int]:
    """The numbers of the person's unread notifications, the newest first, at most COUNTED."""
    unread = Notification.objects.filter(person_id=person.pk or 0, read_at=None)
    return list(unread.order_by("-pk").values_list("pk", flat=True)[:COUNTED])


def mark_read(person: Person, *, until: int) -> int:
    """Mark those up to this number as read: later ones were not on the page. Returns how many."""
    unread = Notification.objects.filter(person_id=person.pk or 0, read_at=None, pk__lte=until)
    return unread.update(read_at=timezone.now())
