"""The Merkle tree over the log, stored as the full tiles of c2sp.org/tlog-tiles (256 hashes each).

A tile is stored in the transaction that appends its last row. Of tiles that are not full yet nothing is stored: they
are computed, from at most 255 rows at level 0 and from the roots of at most 255 tiles above it. Reading a proof takes at
most two tiles for each level of tiles.
"""

from collections.abc import Iterable
from functools import lru_cache
from itertools import islice
from typing import Final

from snapshots.audit import chain, fast_verification, sealing, tree
from snapshots.audit.models import Entry
from snapshots.audit.tree_models import Tile

HEIGHT: Final = 8
WIDTH: Final = 1 << HEIGHT
TILE_SIZE: Final = WIDTH * tree.HASH_SIZE
CACHED_TILES: Final = 16

Pyramid = list[list[bytes]]
"""The hashes of all perfect subtrees of a tile: `pyramid[height][position]` covers 2^height of its hashes."""


class TileError(Exception):
    """A part of the tree cannot be read: a tile is missing or damaged, or a row cannot be read."""


def build_pyramid(hashes: list[bytes]) -> Pyramid:
    """All perfect subtrees over 1 to 256 hashes."""
    pyramid = [hashes]
    while len(hashes) > 1:
        hashes = list(map(tree.node_hash, hashes[::2], hashes[1::2]))
        pyramid.append(hashes)
    return pyramid


def split_hashes(data: bytes) -> list[bytes]:
    return [data[at : at + tree.HASH_SIZE] for at in range(0, len(data), tree.HASH_SIZE)]


def _leaf_hash(row: sealing.Row) -> bytes:
    try:
        return sealing.leaf_of(row)
    except sealing.UNSERIALISABLE:
        raise TileError(f"row {row['sequence']} cannot be read") from None


def _read_ordinary(start: int, end: int) -> list[bytes] | None:
    """The hashes of the leaves start..end-1 in a third of the time; None if one of the rows is unusual or missing."""
    columns = fast_verification.read(after=start, until=end, limit=end - start)
    if columns is None or list(columns["sequence"]) != list(range(start + 1, end + 1)):
        return None
    try:
        return list(map(tree.leaf_hash, fast_verification.sealed_bytes(columns)))
    except (KeyError, *sealing.UNSERIALISABLE):
        return None


def read_leaf_hashes(start: int, end: int) -> list[bytes]:
    """The hashes of the leaves start..end-1. Raises TileError when a row of them is missing or cannot be read."""
    if end - start <= WIDTH:
        ordinary = _read_ordinary(start, end)
        if ordinary is not None:
            return ordinary
    rows = islice(Entry.objects.all().rows(after=start, until=end), end - start)
    hashes = []
    for sequence, row in enumerate(rows, start + 1):
        if row["sequence"] != sequence or chain.UNREADABLE in row:
            raise TileError(f"row {sequence} is missing or cannot be read")
        hashes.append(_leaf_hash(row))
    if len(hashes) != end - start:
        raise TileError(f"row {start + len(hashes) + 1} is missing")
    return hashes


def _read_roots(level: int, start: int, end: int) -> list[bytes]:
    """The roots of the stored tiles start..end-1 of a level. Raises TileError when one is missing."""
    tiles = Tile.objects.filter(level=level, index__gte=start, index__lt=end).order_by("index")
    roots = [bytes(root) for root in tiles.values_list("root", flat=True)]
    if len(roots) != end - start:
        raise TileError(f"a tile of level {level} between {start} and {end - 1} is missing")
    return roots


def _read_hashes(level: int, start: int, end: int) -> list[bytes]:
    return read_leaf_hashes(start, end) if level == 0 else _read_roots(level - 1, start, end)


def _missing(level: int, count: int) -> Iterable[int]:
    """The indexes below `count` that are not stored at this level. Tiles are stored in order."""
    newest = Tile.objects.filter(level=level).order_by("-index").values_list("index", flat=True).first()
    return range(0 if newest is None else newest + 1, count)


def complete_tiles(newest_sequence: int) -> None:
    """Store every tile that is full with the row `newest_sequence` and not stored yet.

    Called inside the transaction of the append, under the log's lock. A row that cannot be read must not end the use of
    the log: its tile is left out, and is stored by a later call when the row has been restored.
    """
    level, count = 0, newest_sequence // WIDTH
    while count:
        for index in _missing(level, count):
            try:
                hashes = _read_hashes(level, index * WIDTH, (index + 1) * WIDTH)
            except TileError:
                return
            root = build_pyramid(hashes)[-1][0]
            Tile(level=level, index=index, root=root, hashes=b"".join(hashes)).save(force_insert=True)
        level, count = level + 1, count // WIDTH


class TileReader:
    """Reads the tree of `size` leaves: a `tree.HashAt`. It keeps the last CACHED_TILES tiles that it read.

    The log may grow meanwhile. Raises TileError when a tile or a row that it needs is missing or damaged.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._pyramid = lru_cache(maxsize=CACHED_TILES)(self._load)

    def __call__(self, level: int, index: int) -> bytes:
        if level < 0 or index < 0 or (index + 1) << level > self.size:
            raise TileError(f"a tree of {self.size} leaves has no subtree {level}/{index}")
        tile_level, height = divmod(level, HEIGHT)
        tile_index, offset = divmod(index << height, WIDTH)
        return self._pyramid(tile_level, tile_index)[height][offset >> height]

    def _load(self, level: int, index: int) -> Pyramid:
        return build_pyramid(self.read_tile(level, index))

    def read_tile(self, level: int, index: int) -> list[bytes]:
        """The hashes of a tile: 256, or as many as the tree of this size has. Raises TileError when it has none."""
        width = min(WIDTH, (self.size >> HEIGHT * level) - index * WIDTH)
        if level < 0 or index < 0 or width < 1:
            raise TileError(f"a tree of {self.size} leaves has no tile {level}/{index}")
        found = Tile.objects.filter(level=level, index=index).values_list("hashes", flat=True).first()
        if found is None:
            if width == WIDTH:
                raise TileError(f"the tile {level}/{index} is missing")
            return _read_hashes(level, index * WIDTH, index * WIDTH + width)
        if len(found) != TILE_SIZE:
            raise TileError(f"the tile {level}/{index} is damaged")
        return split_hashes(bytes(found))[:width]


def reader(size: int) -> TileReader:
    """A `tree.HashAt` for the tree over the first `size` rows."""
    return TileReader(size)


def read_root(size: int) -> bytes:
    """The root of the tree over the first `size` rows. Raises TileError."""
    return tree.root(size, reader(size))
