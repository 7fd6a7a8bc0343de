"""Verifies the log and its tree: the rows against the stored tiles, and the tiles against all checkpoints."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from snapshots.audit import chain, checkpoints, tiles, verification
from snapshots.audit.archiving import rows as archive_rows
from snapshots.audit.chain import Anchor, Problem, Verdict
from snapshots.audit.tile_check import Difference, TileCheck

_PROBLEMS: Final[dict[str, Problem]] = {
    "leaf": "leaf",
    "tile": "tile",
    "checkpoint": "checkpoint",
    "cut": "cut_tree",
}


def check_log_and_tree(*, anchors: Iterable[Anchor] = (), accepted: chain.Accepted | None = None) -> Verdict:
    """Like verification.check_log for the whole log; where all rows hold, also a difference from the tree.

    A row that the HMAC key's owner rewrote is valid in the chain: only the tree and its checkpoints tell. Raises
    verification.WrongKeyError, checkpoints.CheckpointError.
    """
    anchors = list(anchors)
    archive = archive_rows.newest()
    check = TileCheck(checkpoints.stored_heads())
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
