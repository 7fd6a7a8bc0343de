"""Compares a reading with what was known before, and makes a change of each difference, once (promise 37).

Only a fresh list that is whole by the provider's own count is compared: any other proves nothing. What a list lacks is a
change only if a later list lacks it too, because a list may lag behind a write; and not while another token lists it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from snapshots.audit.wording.statements import joined
from snapshots.contract import Snapshot
from snapshots.inventory.clocks import TOLERANCE
from snapshots.inventory.readings import Reading
from snapshots.inventory.servers import listed_servers
from snapshots.observations import wording
from snapshots.observations.models import Change, Code, KnownSnapshot, SeenList, key_of
from snapshots.observations.servers import note_servers
from snapshots.vault.models import StoredToken

CONFIRMED_AFTER = timedelta(seconds=60)
"""How much later the list must be read that confirms an absence: longer than a list may lag behind a write."""
BACK_AFTER = timedelta(minutes=5)
"""How much later than it was missed first a snapshot must be listed to be there again: an older list may still show it, since
the provider may answer from a copy that lags behind, also after it has answered from one that does not."""
OTHERS_FOR = timedelta(minutes=15)
"""How long an absence waits for other tokens that listed the snapshot to read again."""


def is_evidence(reading: Reading) -> bool:
    """Whether its list proves anything: fresh, and whole by the provider's own count."""
    return (
        reading.is_whole and reading.is_complete and not reading.is_stale and reading.started_at is not None
    )


def is_later(started_at: datetime, moment: datetime | None) -> bool:
    """Whether a reading began after `moment`. A moment in the future is from before the clock was set back."""
    return moment is None or started_at >= moment or moment > timezone.now() + TOLERANCE


@dataclass
class _Comparison:
    """A list that is new, and the one before it by the same token; `before` is None for the first one, the baseline."""

    token: StoredToken
    reading: Reading
    started_at: datetime
    read_at: datetime
    before: SeenList | None
    server_names: Mapping[int, str]
    listed: dict[str, Snapshot] = field(default_factory=dict)
    known: dict[str, KnownSnapshot] = field(default_factory=dict)
    made: int = 0

    def change(self, known: KnownSnapshot, code: Code, evidence: str, **values: Any) -> bool:
        """Set the values of the snapshot and make the change, unless another observer has changed it meanwhile."""
        values = {"version": known.version + 1, "changed_at": self.read_at} | values
        if not KnownSnapshot.objects.filter(pk=known.pk, version=known.version).update(**values):
            return False
        for name, value in values.items():
            setattr(known, name, value)
        Change.objects.create(
            snapshot=known,
            version=known.version,
            code=code,
            name=known.name,
            evidence=evidence,
            token_label=self.token.label,
            token_fingerprint=self.token.fingerprint,
            seen_at=self.read_at,
        )
        self.made += 1
        return True


def compare(token: StoredToken, reading: Reading) -> int:
    """Compare the reading, unless it was compared or another observer does so now. Returns how many changes were made."""
    before = SeenList.objects.filter(pk=token.fingerprint).first()
    if reading.started_at is None or reading.confirmed_at is None or not is_evidence(reading):
        return 0
    if before is not None and not is_later(reading.started_at, before.read_at):
        return 0
    names = {one.server_id: one.name for one in listed_servers(token, reading)}
    work = _Comparison(token, reading, reading.started_at, reading.confirmed_at, before, names)
    work.listed = {key_of(one.server.id, one.id): one for one in reading.snapshots}
    try:
        with transaction.atomic():
            return _compare(work)
    except IntegrityError:  # another observer inserted the same row at this moment
        return 0


def _compare(work: _Comparison) -> int:
    if not _claim(work):
        return 0
    work.known = _known(work)
    for key, snapshot in sorted(work.listed.items()):
        _compare_listed(work, key, snapshot)
    if work.before is not None:
        _compare_missing(work, work.before)
    note_servers(work.token, work.reading, work.read_at)
    return work.made


def _claim(work: _Comparison) -> bool:
    """Put this list in the place of the one before. False if another observer has done so."""
    values = {
        "started_at": work.started_at,
        "read_at": work.read_at,
        "snapshots": sorted({*work.listed, *(work.before.snapshots if work.before else ())}),
    }
    if work.before is None:
        SeenList.objects.create(token_fingerprint=work.token.fingerprint, **values)
        return True
    held = SeenList.objects.filter(pk=work.before.pk, read_at=work.before.read_at)
    return bool(held.update(**values))


def _known(work: _Comparison) -> dict[str, KnownSnapshot]:
    """Every known snapshot that this list or the one before it shows."""
    keys = {*work.listed, *(work.before.snapshots if work.before else ())}
    ids = {int(key.partition("/")[2]) for key in keys}
    found = {one.key: one for one in KnownSnapshot.objects.filter(snapshot_id__in=ids)}
    return {key: one for key, one in found.items() if key in keys}


# --- What the list shows ----------------------------------------------------------------------------------------------


def _compare_listed(work: _Comparison, key: str, snapshot: Snapshot) -> None:
    known = work.known.get(key) or _insert(work, snapshot)
    is_current = is_later(work.started_at, known.changed_at)
    if known.gone_at is not None:
        may_lag = timedelta(0) <= work.started_at - known.gone_at < BACK_AFTER
        if is_current and not may_lag:
            _announce(work, known, snapshot, name=snapshot.name, size_mb=snapshot.size_mb, gone_at=None)
        return
    if _is_new(work, key, known):
        _announce(work, known, snapshot, changed_at=known.changed_at)
    if is_current:
        _compare_name(work, key, known, snapshot)
        _compare_size(work, key, known, snapshot)


def _announce(work: _Comparison, known: KnownSnapshot, snapshot: Snapshot, **values: Any) -> None:
    evidence = wording.appeared(snapshot, work.before.read_at if work.before else None, work.read_at)
    work.change(known, Code.APPEARED, evidence, is_announced=True, **values)


def _insert(work: _Comparison, snapshot: Snapshot) -> KnownSnapshot:
    known, _created = KnownSnapshot.objects.get_or_create(
        server_id=snapshot.server.id,
        snapshot_id=snapshot.id,
        defaults={
            "server_name": work.server_names.get(snapshot.server.id, ""),
            "name": snapshot.name,
            "size_mb": snapshot.size_mb,
            "created_at": snapshot.created_at,
            "first_listed_at": work.read_at,
            "changed_at": work.read_at,
        },
    )
    return known


def _is_new(work: _Comparison, key: str, known: KnownSnapshot) -> bool:
    """Whether it appeared since the list before: that one lacks it, and nobody listed it before that one was read."""
    if work.before is None or known.is_announced or key in work.before.snapshots:
        return False
    return is_later(known.first_listed_at, work.before.read_at)


def _listed_at(work: _Comparison, key: str, known: KnownSnapshot) -> datetime:
    """When it was listed last in its known form."""
    before = work.before
    if before is None or key not in before.snapshots or key in before.missing:
        return known.changed_at
    return before.read_at if is_later(before.started_at, known.changed_at) else known.changed_at


def _compare_name(work: _Comparison, key: str, known: KnownSnapshot, snapshot: Snapshot) -> None:
    if known.name != snapshot.name:
        evidence = wording.renamed(known.name, snapshot.name, _listed_at(work, key, known), work.read_at)
        work.change(known, Code.RENAMED, evidence, name=snapshot.name)


def _compare_size(work: _Comparison, key: str, known: KnownSnapshot, snapshot: Snapshot) -> None:
    """A size that comes when the snapshot is completed is no news, nor is one that changes before."""
    if known.size_mb == snapshot.size_mb or snapshot.size_mb is None:
        return
    if known.size_mb is None or not snapshot.is_completed:
        KnownSnapshot.objects.filter(pk=known.pk, version=known.version).update(size_mb=snapshot.size_mb)
        return
    evidence = wording.resized(known.size_mb, snapshot.size_mb, _listed_at(work, key, known), work.read_at)
    work.change(known, Code.RESIZED, evidence, size_mb=snapshot.size_mb)


# --- What the list lacks ----------------------------------------------------------------------------------------------


def _compare_missing(work: _Comparison, before: SeenList) -> None:
    """Settle what this list lacks and the ones before it showed; what must be confirmed stays in `missing`."""
    missing = {}
    lacking = [key for key in before.snapshots if key not in work.listed]
    others = _others(work) if lacking else []
    for key in lacking:
        listed_at, since = before.missing.get(key, (before.read_at.isoformat(), work.read_at.isoformat()))
        first_missed = datetime.fromisoformat(since)
        state = _absence(work, key, first_missed, others)
        if state == WAITS:
            missing[key] = (listed_at, since)
        elif state == GONE and (known := work.known.get(key)) is not None:
            _vanish(work, known, datetime.fromisoformat(listed_at), first_missed)
    SeenList.objects.filter(pk=before.pk).update(snapshots=sorted({*work.listed, *missing}), missing=missing)


WAITS, GONE, SEEN_ELSEWHERE = "waits", "gone", "seen elsewhere"


def _absence(work: _Comparison, key: str, since: datetime, others: list[SeenList]) -> str:
    showing = [one for one in others if key in one.snapshots and key not in one.missing]
    if any(one.started_at > since for one in showing):
        return SEEN_ELSEWHERE
    if not is_later(work.started_at, since + CONFIRMED_AFTER):
        return WAITS
    is_awaited = any(timezone.now() - one.read_at < OTHERS_FOR for one in showing)
    return WAITS if is_awaited else GONE


def _others(work: _Comparison) -> list[SeenList]:
    """The lists of the other tokens that are still stored."""
    stored = StoredToken.objects.order_by().values("fingerprint")
    return list(SeenList.objects.filter(pk__in=stored).exclude(pk=work.token.fingerprint))


def _vanish(work: _Comparison, known: KnownSnapshot, listed_at: datetime, missed_at: datetime) -> None:
    if known.gone_at is not None or not is_later(work.started_at, known.changed_at):
        return
    evidence = wording.vanished(known.name, listed_at, (missed_at, work.read_at))
    server = _server_trace(work.reading, known.server_id)
    code = Code.VANISHED_WITH_SERVER if server == wording.NOT_LISTED else Code.VANISHED
    work.change(known, code, joined([evidence, server], " "), gone_at=missed_at)


def _server_trace(reading: Reading, server_id: int) -> str:
    """What is known of its server, if no snapshot of that is listed any more; '' if the server is listed."""
    servers = (reading.servers or ()) if reading.servers_are_fresh else ()
    if server_id in {one.id for one in servers} | {one.server.id for one in reading.snapshots}:
        return ""
    if reading.hides_servers:
        return wording.MAY_NOT_LIST
    is_certain = reading.servers is not None and reading.servers_are_fresh and reading.servers_are_whole
    return wording.NOT_LISTED if is_certain else wording.NOT_READ
