"""A person's own notifications in the portal: marking them as read."""

from django.utils import timezone

from snapshots.connection import Person
from snapshots.notifications.models import Notification


def mark_read(person: Person, *, until: int) -> int:
    """Mark those up to this number as read: later ones were not on the page. Returns how many."""
    unread = Notification.objects.filter(person_id=person.pk or 0, read_at=None, pk__lte=until)
    return unread.update(read_at=timezone.now())
