"""Checkpoints: signed statements of the tree's size and root, which anybody can verify with the public key alone.

A checkpoint is a signed note (notes.py) over the present tree, stored in the database, printed, and appended to a file
when SNAPPORTAL_CHECKPOINT_FILE names one. A checkpoint that contradicts an earlier one of the same origin is never signed
(c2sp.org/tlog-checkpoint, "Signatures").
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import Error, transaction
from django.db.models import Q

from snapshots.audit import chain, locking, notes, sealing, tiles, verification
from snapshots.audit.durable_file import append_line
from snapshots.audit.models import Entry
from snapshots.audit.notes import NoteError, PublicKey, SigningKey, TreeHead
from snapshots.audit.tile_check import StoredHead
from snapshots.audit.tree_models import Checkpoint

BATCH_SIZE: Final = 500
TAIL_BYTES: Final = 65_536
"""More than the longest line of the file of checkpoints."""


class CheckpointError(Exception):
    """A checkpoint could not be made, stored or read."""


class BrokenLogError(CheckpointError):
    """The log is broken, or contradicts an earlier checkpoint, so nothing was signed."""


def signing_keys() -> list[SigningKey]:
    """The keys that sign checkpoints, the newest first. All of them sign, so that two overlap during a change."""
    seeds: list[bytes] = settings.SNAPPORTAL_LOG_SIGNING_KEYS
    return [SigningKey(settings.SNAPPORTAL_LOG_ORIGIN, seed) for seed in seeds]


def public_keys() -> list[PublicKey]:
    return [key.public() for key in signing_keys()]


def newest() -> Checkpoint | None:
    return Checkpoint.objects.order_by("-number").first()


def _newest_of_origin() -> Checkpoint | None:
    """The newest checkpoint of the present origin, of which the log may have gone on under another one since."""
    origin = f"{settings.SNAPPORTAL_LOG_ORIGIN}\n"
    found = Checkpoint.objects.filter(note__startswith=origin).order_by("-number")  # SQLite ignores case
    return next((one for one in found.iterator() if one.note.startswith(origin)), None)


def at(size: int) -> Checkpoint | None:
    """The newest checkpoint of the tree with `size` leaves."""
    return Checkpoint.objects.filter(size=size).order_by("-number").first()


def head_of(checkpoint: Checkpoint) -> TreeHead:
    """The tree head in the checkpoint's note. Raises CheckpointError when it differs from the columns beside it."""
    try:
        head = notes.parse_head(notes.split(checkpoint.note)[0])
    except NoteError as error:
        raise CheckpointError(f"checkpoint {checkpoint.number} is damaged: {error}") from error
    if (head.size, head.root.hex()) != (checkpoint.size, checkpoint.root):
        raise CheckpointError(f"checkpoint {checkpoint.number} is damaged: its note has another size or root")
    return head


def make() -> Checkpoint:
    """Sign the present tree, store the checkpoint and return it.

    Returns the newest one when it has the same size, origin and keys. First the rows since the newest checkpoint are
    verified. Raises BrokenLogError when that fails or the tree does not contain those of the newest checkpoint and of the
    last one in SNAPPORTAL_CHECKPOINT_FILE, and CheckpointError when the checkpoint cannot be made (no key, a tile, row or
    file that cannot be read, the database down).
    """
    keys = signing_keys()
    if not keys:
        raise CheckpointError("SNAPPORTAL_LOG_SIGNING_KEYS is empty")
    path = file_path()
    if path is not None:
        check_file(path)
    try:
        _check_rows(newest())
        with locking.writer_lock(), transaction.atomic(durable=True):
            locking.take_advisory_lock()
            return _append(keys)
    except (Error, locking.LockTimeoutError, tiles.TileError, verification.WrongKeyError) as error:
        raise CheckpointError(str(error)) from error


def _check_rows(last: Checkpoint | None) -> None:
    """Verify the chain of the rows that the next checkpoint adds. Raises BrokenLogError."""
    start = None
    for row in Entry.objects.filter(sequence=last.size).rows() if last else ():
        if chain.UNREADABLE not in row:
            start = chain.Head.of(row)
    verdict = verification.check_log(start=start)
    if not verdict.holds:
        raise BrokenLogError(f"the log is broken at {verification.describe(verdict)}")


def _append(keys: list[SigningKey]) -> Checkpoint:
    """Called under the log's lock, so that no row and no other checkpoint is written meanwhile."""
    size = Entry.objects.all().last_sequence()
    if size is None:
        raise BrokenLogError("the last row has no number")
    last, ours = newest(), _newest_of_origin()
    if last is not None:
        head_of(last)  # raises for a damaged one
    if ours is not None:
        check_contained(head_of(ours), size)
        if ours == last and ours.size == size and _signers(ours) == _ids(keys):
            return ours
    root = tiles.read_root(size)
    return Checkpoint.objects.create(
        number=last.number + 1 if last else 1,
        at=datetime.now(UTC),
        size=size,
        root=root.hex(),
        note=notes.sign(TreeHead(settings.SNAPPORTAL_LOG_ORIGIN, size, root).text, keys),
    )


def _signers(checkpoint: Checkpoint) -> list[tuple[str, bytes]]:
    return [(name, key_id) for name, key_id, _signature in notes.split(checkpoint.note)[1]]


def _ids(keys: list[SigningKey]) -> list[tuple[str, bytes]]:
    return [(key.name, key.public().key_id) for key in keys]


def check_contained(head: TreeHead, size: int) -> None:
    """Raises BrokenLogError unless the tree of `size` leaves begins with the tree of `head`.

    A head of another origin is not compared: after a restored backup the log goes on under a new origin.
    """
    if head.origin != settings.SNAPPORTAL_LOG_ORIGIN:
        return
    if head.size > size:
        raise BrokenLogError(f"the log has {size} rows, but a checkpoint of {head.size} rows was signed")
    if tiles.read_root(head.size) != head.root:
        raise BrokenLogError(f"the first {head.size} rows are not those of which a checkpoint was signed")


def signed_by_others() -> Checkpoint | None:
    """The newest checkpoint if it is of the present origin and none of the present keys signed it."""
    last = newest()
    if last is None or last.note.partition("\n")[0] != settings.SNAPPORTAL_LOG_ORIGIN:
        return None
    try:
        notes.open_note(last.note, public_keys())
    except NoteError:
        return last
    return None


def file_path() -> Path | None:
    """The file of checkpoints outside the database; None when the setting names none."""
    return Path(settings.SNAPPORTAL_CHECKPOINT_FILE) if settings.SNAPPORTAL_CHECKPOINT_FILE else None


def to_line(checkpoint: Checkpoint) -> str:
    """The line for the file of checkpoints: a JSON object whose `checkpoint` is the note."""
    at_text = sealing.format_time(checkpoint.at)
    return json.dumps({"at": at_text, "checkpoint": checkpoint.note}, ensure_ascii=False)


def append_to_file(path: Path, checkpoint: Checkpoint) -> None:
    """Append the checkpoint to the file, unless it is its last line. Raises CheckpointError."""
    line = to_line(checkpoint)
    try:
        if last_line(path) != line:
            append_line(path, line)
    except OSError as error:
        raise CheckpointError(f"{path} cannot be written: {error}") from error


def last_line(path: Path) -> str:
    """The last line of the file that has content; "" when there is none, or no file. Raises OSError."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL_BYTES))
        lines = file.read().decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _parse_line(line: str) -> tuple[str, TreeHead]:
    """The note in a line of the file, not verified, and its tree head. Raises CheckpointError."""
    try:
        note = json.loads(line)["checkpoint"]
        return note, notes.parse_head(notes.split(note)[0])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(str(error)) from error


def check_file(path: Path) -> None:
    """Compare the log with the last checkpoint of its origin in the file, which a restored backup of the database lacks.

    Raises BrokenLogError if the log does not contain it, CheckpointError if the file cannot be read."""
    try:
        for head in _last_head_in_file(path):
            check_contained(head, Entry.objects.all().last_sequence() or 0)
    except (OSError, Error, tiles.TileError) as error:
        raise CheckpointError(f"{path} cannot be compared with the log: {error}") from error


def _last_head_in_file(path: Path) -> list[TreeHead]:
    """The tree head of the last line, or of the largest tree of the present origin if that line is of another one."""
    line = last_line(path)
    if not line:
        return []
    head = _open_line(path, line)
    if head.origin == settings.SNAPPORTAL_LOG_ORIGIN:
        return [head]
    return [TreeHead(settings.SNAPPORTAL_LOG_ORIGIN, one.size, one.root) for one in heads_in_file(path)[-1:]]


def _open_line(path: Path, line: str) -> TreeHead:
    """The tree head in the last line of the file. Raises CheckpointError unless it is of another origin or a present key
    signed it."""
    try:
        note, head = _parse_line(line)
        if head.origin == settings.SNAPPORTAL_LOG_ORIGIN:
            notes.open_note(note, public_keys())
    except (CheckpointError, NoteError) as error:
        raise CheckpointError(f"the last line of {path} is no checkpoint of this log: {error}") from error
    return head


def heads_in_file(path: Path | None) -> list[StoredHead]:
    """The checkpoints of the present origin in the file, in order of size, for TileCheck; none when there is no file.

    The last line must be signed by a present key: older ones may be signed by keys that were given up. Raises
    CheckpointError for a line that is no checkpoint, and for a file that cannot be read.
    """
    if path is None:
        return []
    try:
        last = last_line(path)
        if not last:
            return []
        _open_line(path, last)
        with path.open(encoding="utf-8") as file:
            lines = [(number, line.strip()) for number, line in enumerate(file, 1) if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}") from error
    heads = [_parse_numbered_line(path, number, line) for number, line in lines]
    ours = [head for head in heads if head.origin == settings.SNAPPORTAL_LOG_ORIGIN]
    return sorted((StoredHead(0, head.size, head.root) for head in ours), key=attrgetter("size"))


def _parse_numbered_line(path: Path, number: int, line: str) -> TreeHead:
    try:
        return _parse_line(line)[1]
    except CheckpointError as error:
        raise CheckpointError(f"line {number} of {path} is no checkpoint: {error}") from error


def stored_heads() -> Iterator[StoredHead]:
    """The checkpoints of the present origin that are stored now, in order of size, for TileCheck.

    The root is b"" for one whose note is damaged, and for the newest when none of the present keys signed it: older ones
    may be signed by keys that were given up.
    """
    last = newest()
    return iter(()) if last is None else _heads_until(last.number)


def _heads_until(number: int) -> Iterator[StoredHead]:
    found = Checkpoint.objects.filter(number__lte=number).order_by("size", "number")
    after = (-1, 0)
    while batch := list(
        found.filter(Q(size__gt=after[0]) | Q(size=after[0], number__gt=after[1]))[:BATCH_SIZE]
    ):
        for checkpoint in batch:
            is_newest = checkpoint.number == number
            origin, root = _read_root(checkpoint, public_keys() if is_newest else None)
            if is_newest or origin in {"", settings.SNAPPORTAL_LOG_ORIGIN}:
                yield StoredHead(checkpoint.number, checkpoint.size, root)
        after = batch[-1].size, batch[-1].number


def _read_root(checkpoint: Checkpoint, keys: list[PublicKey] | None) -> tuple[str, bytes]:
    """Origin and root in the note of a checkpoint; empty when it is damaged or, with `keys`, none of them signed it."""
    try:
        head = head_of(checkpoint)
        if keys is not None:
            notes.open_note(checkpoint.note, keys)
    except (CheckpointError, NoteError):
        return "", b""
    return head.origin, head.root
