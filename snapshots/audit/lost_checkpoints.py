"""Finds rows that only the file of checkpoints names: the log had them, and lost them when a backup was restored."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings

from snapshots.audit import accepted_damage, chain, checkpoints, notes, tiles
from snapshots.audit.accepted_damage import Acceptance
from snapshots.audit.checkpoints import CheckpointError
from snapshots.audit.models import Entry


@dataclass(frozen=True, order=True)
class SignedHead:
    """A checkpoint of the present origin in the file: the log had `size` rows at that time."""

    size: int
    at: datetime
    root: bytes


class RewrittenError(Exception):
    """A checkpoint contradicts rows that are as old as it is: no backup explains that."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


def find(acceptances: list[Acceptance]) -> list[SignedHead]:
    """The checkpoints in the file whose rows are lost and whose loss is not accepted yet, the largest first.

    Smaller ones than the first that the log contains are not compared: verifying does that. Raises CheckpointError and
    tiles.TileError when they cannot be compared, and RewrittenError.
    """
    changed = accepted_damage.pairs_of(chain.ACCEPT_CHANGED_ROWS, acceptances)
    first_changed = min((number for number, _digest in changed), default=None)
    last = Entry.objects.all().last_sequence() or 0
    lost = []
    for head in sorted(_read(checkpoints.file_path()), reverse=True):
        if head.size <= last and tiles.read_root(head.size) == head.root:
            break
        if any(_covers(one, head) for one in acceptances):
            continue
        if head.size > last or _is_younger(head):
            lost.append(head)
        elif first_changed is None or first_changed > head.size:
            raise RewrittenError(head.size)
    return lost


def _read(path: Path | None) -> Iterator[SignedHead]:
    if path is None or not checkpoints.heads_in_file(path):  # raises when a line cannot be read
        return
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        fields = json.loads(line)
        head = notes.parse_head(notes.split(fields["checkpoint"])[0])
        if head.origin == settings.SNAPPORTAL_LOG_ORIGIN:
            yield SignedHead(head.size, _parse_time(fields.get("at"), path, number), head.root)


def _parse_time(text: object, path: Path, number: int) -> datetime:
    """The time with its zone."""
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise CheckpointError(f"line {number} of {path} has no time that can be read")
    return at


def _is_younger(head: SignedHead) -> bool:
    """Whether its last row has another one in its place, written after the backup was restored."""
    row = Entry.objects.row(head.size)
    return row is not None and row.is_readable and row.at > head.at


def _covers(acceptance: Acceptance, head: SignedHead) -> bool:
    """Whether the row accepts the loss of the rows up to this checkpoint: it names the last of the lost rows."""
    if acceptance.action != chain.ACCEPT_RESTORED_LOG or acceptance.at <= head.at:
        return False
    return max(map(int, re.findall(r"\d+", acceptance.finding)), default=0) >= head.size
