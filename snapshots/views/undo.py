"""The button that goes back to the state before a restore: its safety snapshot, restored like any other."""

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest
from django.urls import reverse

from snapshots.contract import Snapshot
from snapshots.deletions.plans import waiting_of
from snapshots.inventory.readings import Reading
from snapshots.inventory.shown_servers import own_token_for
from snapshots.jobs.undo import can_be_undone, last_restore, safety_snapshot, safety_snapshot_id
from snapshots.operations.models import Action, Operation
from snapshots.operations.reconciliation import read_and_reconcile
from snapshots.operations.rights import may_on
from snapshots.operations.server_views import ServerView
from snapshots.vault.models import StoredToken


@dataclass(frozen=True)
class Undo:
    """`url` leads to the confirmation of the restore that goes back; '' while the list is stale.

    `until`: when the safety snapshot will be deleted; None if that is not planned.
    """

    snapshot: Snapshot
    url: str
    until: datetime | None
    confirmed_at: datetime | None


def undo_of(request: HttpRequest, restore: Operation) -> Undo | None:
    """None unless this restore has a safety snapshot that this person may restore with a token of their own."""
    if not _may_undo(request, restore) or safety_snapshot_id(restore) is None:
        return None
    person_id = request.user.pk
    token = own_token_for(person_id, restore.server_id, fingerprint=restore.token_fingerprint)
    return _undo(restore, token, read_and_reconcile(token)) if token else None


def undo_of_server(request: HttpRequest, view: ServerView) -> Undo | None:
    """The way back from the server's newest restore."""
    restore = last_restore(view.server_id)
    if restore is None or not _may_undo(request, restore):
        return None
    return _undo(restore, view.token, view.reading)


def _may_undo(request: HttpRequest, restore: Operation) -> bool:
    return may_on(request.user, Action.RESTORE.permission, restore.server_id) and can_be_undone(restore)


def _undo(restore: Operation, token: StoredToken, reading: Reading) -> Undo | None:
    snapshot = safety_snapshot(restore, reading)
    if snapshot is None or not token.allows(Action.RESTORE.permission):
        return None
    waiting = waiting_of(snapshot.server.id, snapshot.id).first()
    return Undo(
        snapshot,
        url="" if reading.is_stale else reverse("snapshot_restore", args=[token.pk, snapshot.id]),
        until=waiting.due_at if waiting else None,
        confirmed_at=reading.confirmed_at,
    )
