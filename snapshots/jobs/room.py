"""What a snapshot that makes room is needed for besides: a date until which it is kept, a restore that it can undo."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from snapshots.contract import Snapshot
from snapshots.deletions.models import Kind
from snapshots.deletions.queries import waiting_in
from snapshots.jobs.undo import ways_back
from snapshots.operations.confirmation import snapshot_fingerprint
from snapshots.operations.models import Operation
from snapshots.operations.server_views import ServerView


@dataclass(frozen=True)
class Need:
    """`kept_until`: the date that somebody set. `restore`: the one from which the snapshot is the way back."""

    kept_until: datetime | None = None
    restore: Operation | None = None

    @property
    def digest(self) -> str:
        """'' if it is needed for nothing."""
        if self.kept_until is None and self.restore is None:
            return ""
        text = f"{self.kept_until and self.kept_until.isoformat()} {self.restore and self.restore.pk}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]


NO_NEED = Need()


def needs_in(views: Sequence[ServerView]) -> Mapping[int, Need]:
    """ID of each snapshot of these servers that is needed → for what."""
    dates = {
        number: planned.due_at
        for (_server, number), planned in waiting_in(views).items()
        if planned.kind == Kind.KEEP_UNTIL
    }
    restores = ways_back(views)
    return {
        number: Need(dates.get(number), restores.get(number)) for number in dates.keys() | restores.keys()
    }


def room_key(snapshot: Snapshot, need: Need = NO_NEED) -> str:
    """What a form sends for the snapshot that makes room: its ID, its state as shown, and what it was shown to be needed for."""
    key = f"{snapshot.id}:{snapshot_fingerprint(snapshot)}"
    return f"{key}:{need.digest}" if need.digest else key


def room_id(key: str) -> int | None:
    """The ID of the snapshot that a form chose; None if it chose none."""
    number, _, shown = key.partition(":")
    return int(number) if number.isdecimal() and shown else None
