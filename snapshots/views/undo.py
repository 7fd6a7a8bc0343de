"""The button that goes back to the state before a restore: its safety snapshot, restored like any other."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from snapshots.contract import Snapshot
from snapshots.inventory.readings import Reading
from snapshots.jobs.undo import last_restore, safety_snapshot
from snapshots.operations.models import Action, Operation
from snapshots.operations.server_views import ServerView
from snapshots.vault.models import StoredToken


@dataclass(frozen=True)
class Undo:
    """`url` leads to the confirmation of the restore that goes back."""

    snapshot: Snapshot
    url: str


def undo_of(
    request: HttpRequest, restore: Operation, token: StoredToken | None, reading: Reading | None
) -> Undo | None:
    """None unless this ended restore has a safety snapshot that this person may restore with their own token."""
    if restore.is_open or token is None or reading is None or reading.is_stale:
        return None
    if not request.user.has_perm(Action.RESTORE.permission):
        return None
    snapshot = safety_snapshot(restore, reading)
    if snapshot is None:
        return None
    return Undo(snapshot, reverse("snapshot_restore", args=[token.pk, snapshot.id]))


def undo_of_server(request: HttpRequest, view: ServerView) -> Undo | None:
    """The way back from the server's newest restore."""
    restore = last_restore(view.server_id, view.token.fingerprint)
    return undo_of(request, restore, view.token, view.reading) if restore else None
