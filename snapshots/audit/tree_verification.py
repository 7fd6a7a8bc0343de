"""Verifies the log and its tree: the rows against the stored tiles, and the tiles against all checkpoints.

Whoever owns the database and the log's key can rewrite rows, tiles and the table of checkpoints. So the checkpoints in
SNAPPORTAL_CHECKPOINT_FILE are compared, too, and a table that lacks checkpoints is told.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from heapq import merge
from operator import attrgetter
from typing import Final

from django.db.models import Count, Max

from snapshots.audit import chain, checkpoints, tiles, verification
from snapshots.audit.archiving import rows as archive_rows
from snapshots.audit.chain import Anchor, Problem, Verdict
from snapshots.audit.tile_check import Difference, StoredHead, TileCheck
from snapshots.audit.tree_models import Checkpoint, Tile

_PROBLEMS: Final[dict[str, Problem]] = {
    "leaf": "leaf",
    "tile": "tile",
    "checkpoint": "checkpoint",
    "cut": "cut_tree",
}


def check_log_and_tree(*, anchors: Iterable[Anchor] = (), accepted: chain.Accepted | None = None) -> Verdict:
    """Like verification.check_log for the whole log; where all rows hold, also a difference from the tree.

    A row that the HMAC key's owner rewrote is valid in the chain: only the tree and its checkpoints tell. Raises
    verification.WrongKeyError, checkpoints.CheckpointError (also when the file of checkpoints cannot be read).
    """
    anchors = list(anchors)
    archive = archive_rows.newest()
    in_file = checkpoints.heads_in_file(checkpoints.file_path())
    check = TileCheck(merge(checkpoints.stored_heads(), in_file, key=attrgetter("size")))
    verdict = verification.check_log(anchors=anchors, accepted=accepted, tile_check=check)
    difference = check.finish() if verdict.holds else None
    verdict = with_difference(verdict, difference) if difference else verdict
    if not verdict.holds and archive_rows.newest() != archive:  # rows left the database meanwhile
        return check_log_and_tree(anchors=anchors, accepted=accepted)
    return verdict


def with_difference(verdict: Verdict, difference: Difference) -> Verdict:
    row = difference.sequence
    if row is None:  # a tile: the first row below it
        width = tiles.WIDTH ** ((difference.level or 0) + 1)
        row = (difference.index or 0) * width + 1
    return replace(verdict, first_broken=row, problem=_PROBLEMS[difference.problem])


def missing_checkpoints(anchors: Collection[Anchor]) -> Iterator[str]:
    """What tells that checkpoints were taken out, or that there are none to compare with, as sentences.

    A log that has no checkpoint yet, and neither tiles nor anchors, gives none. Raises checkpoints.CheckpointError.
    """
    path = checkpoints.file_path()
    in_file = checkpoints.heads_in_file(path)
    found = Checkpoint.objects.aggregate(count=Count("number"), last=Max("number"))
    if not found["count"] and (in_file or anchors or Tile.objects.exists()):
        yield (
            "There is no checkpoint in the database: if rows were rewritten with the log's key, it cannot tell. "
            "If checkpoint_audit ran before, the table audit_checkpoint was emptied."
        )
    elif found["count"] and found["last"] != found["count"]:
        yield f"Of {found['last']} checkpoints, {found['count']} are in the database: the others were taken out."
    if path and not path.exists() and found["count"]:
        yield f"There is no file {path}: if checkpoints were taken out of the database, nobody can see it."
    if lacking := _not_stored(in_file):
        yield f"{lacking} checkpoints in {path} are not in the database: they were taken out, or a backup was restored."


def _not_stored(in_file: Iterable[StoredHead]) -> int:
    wanted = {(head.size, head.root.hex()) for head in in_file}
    return len(wanted.difference(Checkpoint.objects.values_list("size", "root").iterator()) if wanted else ())
