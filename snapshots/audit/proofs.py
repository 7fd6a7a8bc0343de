"""Files of the log that prove what they hold: rows against a checkpoint of the present tree."""

from collections.abc import Collection, Iterable, Iterator

from snapshots.audit import checkpoints, lines, proof_lines, sealing, tiles
from snapshots.audit.proof_lines import Header
from snapshots.audit.tree_models import Checkpoint


def _sound_checkpoint() -> Checkpoint:
    """A checkpoint of the present tree; of a broken log the newest, so that what it covers can still be proven."""
    try:
        return checkpoints.make()
    except checkpoints.BrokenLogError:
        checkpoint = checkpoints.newest()
        if checkpoint is None:
            raise
        head = checkpoints.head_of(checkpoint)
        try:
            checkpoints.check_contained(head, head.size)
        except tiles.TileError as error:
            raise checkpoints.CheckpointError(str(error)) from error
        return checkpoint


def prove(
    rows: Iterable[sealing.Row],
    *,
    columns: Collection[str] | None = None,
    filters: str = "",
    borders: Collection[int] = (),
) -> Iterator[str]:
    """The lines of a file that holds these rows, in order of their sequence; see proof_lines.file_lines.

    The checkpoint is signed at once, unless the newest is of the present tree or the log is broken. Rows are read as
    lines are taken. Raises checkpoints.CheckpointError; ValueError for a border that the tree does not have.
    """
    checkpoint = _sound_checkpoint()
    head = checkpoints.head_of(checkpoint)
    beyond = [border for border in borders if not 0 < border <= head.size]
    if beyond:
        raise ValueError(f"the log has {head.size} rows: there is no checkpoint of {beyond[0]} rows")
    header = Header(
        origin=head.origin, checkpoint=checkpoint.note, size=head.size, columns=columns, filters=filters
    )
    return proof_lines.file_lines(
        lines.row_lines(rows, head.size), header=header, hash_at=tiles.reader(head.size), borders=borders
    )
