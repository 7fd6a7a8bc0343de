"""Keeps the table of known servers up to date with each list that is compared."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from snapshots.contract import Snapshot
from snapshots.inventory.readings import Reading
from snapshots.inventory.servers import listed_servers
from snapshots.observations.models import KnownServer, KnownSnapshot, key_of
from snapshots.vault.models import StoredToken

REFRESH_AFTER = timedelta(minutes=1)
"""How often `listed_at` is written: lists may come every few seconds."""


def note_servers(token: StoredToken, reading: Reading, read_at: datetime) -> None:
    """Insert, rename, and note when a snapshot was completed last. Call inside the transaction of a comparison."""
    listed = {one.server_id: one for one in listed_servers(token, reading)}
    if not reading.servers_are_fresh:  # an older list of servers shows nothing of now
        listed = {key: one for key, one in listed.items() if one.snapshots}
    known = KnownServer.objects.in_bulk(listed)
    new = [
        KnownServer(server_id=key, server_name=one.name, first_listed_at=read_at, listed_at=read_at)
        for key, one in listed.items()
        if key not in known
    ]
    KnownServer.objects.bulk_create(new, ignore_conflicts=True)
    undated = _first_listed(reading, read_at)
    for row in [*known.values(), *new]:
        server = listed[row.server_id]
        _note_completed(row, server.snapshots, undated)
        if row.server_name != server.name:
            KnownServer.objects.filter(pk=row.pk).update(server_name=server.name)
    _note_listed(token, listed, read_at)
    if reading.servers is not None and reading.servers_are_fresh and reading.servers_are_whole:
        gone = KnownServer.objects.filter(token_fingerprint=token.fingerprint, gone_at=None)
        gone.exclude(pk__in=listed).update(gone_at=read_at)


def _note_listed(token: StoredToken, listed: Mapping[int, object], read_at: datetime) -> None:
    rows = KnownServer.objects.filter(pk__in=listed)
    values = {"token_label": token.label, "token_fingerprint": token.fingerprint, "listed_at": read_at}
    rows.filter(listed_at__lt=read_at - REFRESH_AFTER).update(**values)
    rows.filter(token_fingerprint="").update(**values)
    rows.exclude(gone_at=None).update(gone_at=None, **values)


def _note_completed(row: KnownServer, snapshots: tuple[Snapshot, ...], undated: dict[str, datetime]) -> None:
    """A later one ends a silence."""
    completed = [
        (undated.get(key_of(row.server_id, one.id), one.created_at), one.name)
        for one in snapshots
        if one.is_completed
    ]
    at, name = max(((at, name) for at, name in completed if at is not None), default=(None, ""))
    if at is None or (row.completed_at is not None and row.completed_at >= at):
        return
    KnownServer.objects.filter(pk=row.pk).update(completed_at=at, completed_name=name, silent_told_at=None)


def _first_listed(reading: Reading, read_at: datetime) -> dict[str, datetime]:
    """By key, when those snapshots were listed first whose own time is not given, or is ahead of ours."""
    ids = [one.id for one in reading.snapshots if one.created_at is None or one.created_at > read_at]
    found = KnownSnapshot.objects.filter(snapshot_id__in=ids) if ids else ()
    return {one.key: one.first_listed_at for one in found}
