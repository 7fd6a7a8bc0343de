"""Which planned deletions a person may see, and those of the snapshots on a page."""

from collections.abc import Iterable

from django.db.models import Q

from snapshots import sql
from snapshots.connection import Person
from snapshots.deletions.models import PlannedDeletion, PlannedDeletionQuerySet, State
from snapshots.inventory.shown_servers import shown_to
from snapshots.operations.server_views import ServerView


def visible_to(user: Person) -> PlannedDeletionQuerySet:
    """A person's own, those with a token that the person has stored too, and those of servers that the person's tokens show.

    People who manage people see all, so that none is orphaned when a person leaves.
    """
    if user.has_perm("people.manage"):  # type: ignore[union-attr]
        return PlannedDeletion.objects.all()
    return PlannedDeletion.objects.filter(Q(person_id=user.pk) | shown_to(user))


def waiting_in(views: Iterable[ServerView]) -> dict[tuple[int, int], PlannedDeletion]:
    """(server, snapshot) → what waits for it, for the snapshots of these servers."""
    ids = [view.server_id for view in views]
    condition = f"WHERE state = %s AND server_id IN ({sql.places(ids)})"
    waiting = sql.select(PlannedDeletion, condition, [State.WAITING, *ids]) if ids else []
    return {(one.server_id, one.snapshot_id): one for one in waiting}
