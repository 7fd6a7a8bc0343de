"""What a file of the log is proven against: a checkpoint of the present tree."""

from collections.abc import Iterable

from snapshots.audit import checkpoints, tiles
from snapshots.audit.lines import Proof


def current_proof(*, splits: Iterable[int] = ()) -> Proof:
    """A proof of all rows of the log. `splits`: sizes of older checkpoints with which the file must be comparable.

    Signs a checkpoint unless the newest is of the present tree. Raises checkpoints.CheckpointError.
    """
    checkpoint = checkpoints.make()
    head = checkpoints.head_of(checkpoint)
    return Proof(
        origin=head.origin,
        note=checkpoint.note,
        size=head.size,
        hash_at=tiles.reader(head.size),
        splits=tuple(splits),
    )
