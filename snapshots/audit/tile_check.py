"""Compares the log, row by row, with the stored tiles and checkpoints, and locates the first difference.

check = TileCheck(checkpoints.stored_heads())    # before the last row to verify is read: the log may grow meanwhile
for row in rows: check.add(tree.leaf_hash(…))
difference = check.finish()
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from django.db.models import Max

from snapshots.audit import tiles, tree
from snapshots.audit.tiles import WIDTH, Pyramid
from snapshots.audit.tree_models import Tile

TILES_PER_READ: Final = 32
UNKNOWN: Final = bytes(tree.HASH_SIZE)
"""Takes the place of a leaf that is not known and that no tile tells."""

Problem = Literal["leaf", "tile", "checkpoint", "cut"]


@dataclass(frozen=True)
class StoredHead:
    """Number, size and root of a stored checkpoint. `root` is b"" when its note is damaged or has no valid signature.

    `number` is 0 for a checkpoint that was read from the file of checkpoints.
    """

    number: int
    size: int
    root: bytes


@dataclass(frozen=True)
class Difference:
    """The first difference between the rows and what was stored about them.

    - leaf: the row `sequence` is not the one whose hash is in its tile.
    - tile: the tile (`level`, `index`) is missing, has the wrong length, or does not follow from the tiles below it.
    - checkpoint: the checkpoint `number`, of the first `sequence` rows, has another root or is damaged. The rows agree
      with every tile, so the difference lies in a part that no tile holds, or the tiles were changed with the rows.
    - cut: tiles or checkpoints tell of the row `sequence` and perhaps of later ones, but the rows end before it.
    """

    problem: Problem
    sequence: int | None = None
    level: int | None = None
    index: int | None = None
    number: int | None = None


class _StoredTiles:
    """The tiles of one level, read in order and in short batches."""

    def __init__(self, level: int) -> None:
        self._level = level
        self._batch: dict[int, tuple[bytes, bytes]] = {}

    def take(self, index: int) -> tuple[bytes, bytes] | None:
        """Root and hashes of the tile; None when it is missing."""
        if index not in self._batch:
            found = Tile.objects.filter(
                level=self._level, index__gte=index, index__lt=index + TILES_PER_READ
            ).values_list("index", "root", "hashes")
            self._batch = {number: (bytes(root), bytes(hashes)) for number, root, hashes in found}
        return self._batch.pop(index, None)


class TileCheck:
    """Takes one leaf hash for each row, in order, and finds the first difference.

    `start`: the number of leaves, a multiple of 256, before the first one that is added. The tree over them is taken from
    the tiles; the next checkpoint tells whether they are right. Raises TileError when it cannot be read.
    """

    def __init__(self, heads: Iterable[StoredHead] = (), *, start: int = 0) -> None:
        if start % WIDTH:
            raise ValueError("a check starts at the beginning of a tile")
        self._difference: Difference | None = None
        self._leaves: list[bytes | None] = []
        self._instead: dict[int, bytes] = {}
        self._stack = tree.Stack()
        self._levels: list[_StoredTiles] = []
        self._above: list[list[bytes]] = []
        self._last_row = _last_row_in_tiles()
        self._heads = iter(heads)
        self._head = self._next_head(after=start)
        self._load_start(start)

    def add(self, leaf: bytes | None, *, instead: bytes = UNKNOWN) -> None:
        """The hash of the next leaf. None for a row whose content does not give its leaf: its tile then tells the hash.

        While its tile is not full, `instead` is taken: checkpoints are signed over the row as it is now.
        """
        if leaf is None:
            self._instead[len(self._leaves)] = instead
        self._leaves.append(leaf)
        if len(self._leaves) == WIDTH:
            self._close_tile()

    def finish(self) -> Difference | None:
        """The first difference, after the last row."""
        if self._difference is None:
            self._check_heads(self._without_unknown(None))
        size = self._stack.size + len(self._leaves)
        if self._difference is None and (self._head is not None or self._last_row > size):
            self._difference = Difference("cut", sequence=size + 1)
        return self._difference

    def _load_start(self, start: int) -> None:
        reader = tiles.reader(start)
        for level, index in tree.decompose(0, start):
            self._stack.push(level, reader(level, index))
        level = 1
        while start >> tiles.HEIGHT * level:
            first = (start >> tiles.HEIGHT * (level + 1)) * WIDTH
            width = (start >> tiles.HEIGHT * level) - first
            self._above.append(reader.read_tile(level, first // WIDTH) if width else [])
            level += 1

    def _next_head(self, after: int) -> StoredHead | None:
        return next((head for head in self._heads if head.size >= after), None)

    def _close_tile(self) -> None:
        if self._difference is None:
            index = self._stack.size // WIDTH
            stored = self._stored(0, index)
            if stored is not None:
                self._check_tile(index, *stored)
        self._leaves.clear()
        self._instead.clear()

    def _stored(self, level: int, index: int) -> tuple[bytes, bytes] | None:
        """Root and hashes of a tile of the right length. Otherwise None, and the difference is noted."""
        while len(self._levels) <= level:
            self._levels.append(_StoredTiles(len(self._levels)))
        found = self._levels[level].take(index)
        if found is None or len(found[1]) != tiles.TILE_SIZE:
            self._difference = Difference("tile", level=level, index=index)
            return None
        return found

    def _check_tile(self, index: int, root: bytes, hashes: bytes) -> None:
        leaves = self._without_unknown(hashes)
        pyramid = tiles.build_pyramid(leaves)
        if b"".join(leaves) != hashes:
            pairs = enumerate(zip(leaves, tiles.split_hashes(hashes), strict=True))
            offset = next(at for at, (mine, stored) in pairs if mine != stored)
            self._difference = Difference("leaf", sequence=index * WIDTH + offset + 1)
        elif root != pyramid[-1][0]:
            self._difference = Difference("tile", level=0, index=index)
        else:
            self._check_heads(leaves, pyramid)
            self._stack.push(tiles.HEIGHT, root)
            self._close_above(1, root)

    def _without_unknown(self, hashes: bytes | None) -> list[bytes]:
        """The leaves, each unknown one replaced by the hash that its tile tells, or by what was given instead."""
        if None not in self._leaves:
            return self._leaves  # type: ignore[return-value]
        stored = dict(enumerate(tiles.split_hashes(hashes))) if hashes else self._instead
        return [stored[at] if leaf is None else leaf for at, leaf in enumerate(self._leaves)]

    def _close_above(self, level: int, root: bytes) -> None:
        """Add the root of a tile to the tile above it, and check that one when it is full."""
        while len(self._above) < level:
            self._above.append([])
        hashes = self._above[level - 1]
        hashes.append(root)
        if len(hashes) < WIDTH:
            return
        self._above[level - 1] = []
        index = (self._stack.size >> tiles.HEIGHT * (level + 1)) - 1
        stored = self._stored(level, index)
        if stored is None:
            return
        above = tiles.build_pyramid(hashes)[-1][0]
        if stored == (above, b"".join(hashes)):
            self._close_above(level + 1, above)
        else:
            self._difference = Difference("tile", level=level, index=index)

    def _check_heads(self, leaves: list[bytes], pyramid: Pyramid | None = None) -> None:
        """Compare the checkpoints whose last row is among `leaves`, which follow what is in the stack."""
        base = self._stack.size
        while self._head is not None and self._head.size <= base + len(leaves):
            pyramid = pyramid or tiles.build_pyramid(leaves)
            stack = self._stack.copy()
            for level, index in tree.decompose(0, self._head.size - base):
                stack.push(level, pyramid[level][index])
            if stack.root() != self._head.root:
                self._difference = Difference(
                    "checkpoint", sequence=self._head.size, number=self._head.number
                )
                return
            self._head = self._next_head(after=0)


def _last_row_in_tiles() -> int:
    """The sequence of the last row that a tile of any level covers; 0 when there is no tile."""
    newest = Tile.objects.order_by("level").values_list("level").annotate(newest=Max("index"))
    return max(((index + 1) << tiles.HEIGHT * (level + 1) for level, index in newest), default=0)
