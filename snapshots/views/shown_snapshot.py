"""The listed snapshot that a page is about."""

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from snapshots.connection import own_token_or_404
from snapshots.contract import Snapshot
from snapshots.inventory.servers import find_snapshot
from snapshots.operations.protection import Target
from snapshots.operations.reconciliation import read_and_reconcile
from snapshots.operations.server_views import ServerView, server_view_or_404
from snapshots.views.texts.readings import reading_words


@dataclass(frozen=True)
class Shown:
    """With its server."""

    view: ServerView
    snapshot: Snapshot

    @property
    def target(self) -> Target:
        return Target(self.view.token, self.view.name, self.snapshot)


def shown_snapshot(request: HttpRequest, token_id: str, snapshot_id: int) -> Shown | HttpResponse:
    """The listed snapshot, or the page that says that it cannot be shown now. Raises Http404 if there is none."""
    token = own_token_or_404(request.user, token_id)
    reading = read_and_reconcile(token)
    snapshot = find_snapshot(reading, snapshot_id)
    if snapshot is not None:
        return Shown(server_view_or_404(token, snapshot.server.id), snapshot)
    if reading.is_known and reading.is_complete:
        raise Http404(f"no snapshot {snapshot_id}")
    context = {"trouble": reading_words(reading) if reading.is_stale else None, "reading": reading}
    return render(request, "snapshots/snapshot_gone.html", context, status=503)
