"""The comparison of rows with tiles and checkpoints: the first difference is found and located."""

from datetime import UTC, datetime

import pytest

from snapshots.audit import checkpoints, notes, sealing, tiles, tree
from snapshots.audit.tile_check import Difference, StoredHead, TileCheck
from snapshots.audit.tree_models import Checkpoint, Tile
from tests.support.audit_rows import fill_log, rows, write_events
from tests.support.audit_triggers import without_triggers

pytestmark = pytest.mark.django_db

LEAVES = [tree.leaf_hash(str(index).encode()) for index in range(256 * 258)]
SIZE = 700
"""Two full tiles and a part of one."""


def store_tiles(size: int) -> None:
    """The tiles of level 0 over the first `size` of LEAVES, and those above them."""
    for index in range(size // 256):
        hashes = LEAVES[index * 256 : (index + 1) * 256]
        Tile.objects.create(
            level=0, index=index, root=tiles.build_pyramid(hashes)[-1][0], hashes=b"".join(hashes)
        )
    tiles.complete_tiles(size)


def root(size: int) -> bytes:
    stack = tree.Stack()
    for leaf in LEAVES[:size]:
        stack.push(0, leaf)
    return stack.root()


def heads(*sizes: int) -> list[StoredHead]:
    return [StoredHead(number, size, root(size)) for number, size in enumerate(sizes, 1)]


def difference(leaves: list[bytes | None], of: list[StoredHead] = [], start: int = 0) -> Difference | None:  # noqa: B006
    check = TileCheck(of, start=start)
    for leaf in leaves[start:]:
        check.add(leaf)
    return check.finish()


def changed(*indexes: int) -> list[bytes | None]:
    return [leaf if index not in indexes else bytes(32) for index, leaf in enumerate(LEAVES[:SIZE])]


@pytest.mark.parametrize("start", [0, 256, 512])
def test_rows_that_agree_with_tiles_and_checkpoints_show_no_difference(start):
    store_tiles(SIZE)
    assert difference(LEAVES[:SIZE], heads(0, 1, 255, 256, 257, 300, 512, 512, 600, 700), start) is None


def test_the_rows_of_a_real_log_agree_with_its_tiles_and_checkpoints():
    check = TileCheck()
    assert check.finish() is None
    for count in (3, 260, 40):
        fill_log(count)
        checkpoints.make()
    check = TileCheck(checkpoints.stored_heads())
    write_events(1)
    for row in rows()[:-1]:
        check.add(tree.leaf_hash(sealing.sealed_bytes(row)))
    assert check.finish() is None


@pytest.mark.parametrize("index", [0, 255, 256, 300, 511])
def test_a_changed_row_in_a_full_tile_is_located(index):
    store_tiles(SIZE)
    assert difference(changed(index, 511)) == Difference("leaf", sequence=index + 1)


def test_a_changed_row_after_the_last_tile_is_shown_by_the_next_checkpoint():
    store_tiles(SIZE)
    assert difference(changed(600)) is None
    found = difference(changed(600), heads(600, 650, 700))
    assert found == Difference("checkpoint", sequence=650, number=2)


def test_a_checkpoint_with_another_root_is_found():
    store_tiles(SIZE)
    wrong = [*heads(100), StoredHead(2, 300, b""), *heads(700)]
    assert difference(LEAVES[:SIZE], wrong) == Difference("checkpoint", sequence=300, number=2)


@pytest.mark.parametrize("hashes", [b"", b"\0" * 8160, b"\0" * 8224])
def test_a_truncated_tile_is_found(hashes):
    store_tiles(SIZE)
    with without_triggers():
        Tile.objects.filter(index=1).update(hashes=hashes)
    assert difference(LEAVES[:SIZE]) == Difference("tile", level=0, index=1)


@pytest.mark.parametrize("index", [0, 1])
def test_a_missing_tile_is_found(index):
    store_tiles(SIZE)
    with without_triggers():
        Tile.objects.filter(index=index).delete()
    assert difference(LEAVES[:SIZE]) == Difference("tile", level=0, index=index)


def test_a_tile_with_another_root_is_found():
    store_tiles(SIZE)
    with without_triggers():
        Tile.objects.filter(index=1).update(root=bytes(32))
    assert difference(LEAVES[:SIZE]) == Difference("tile", level=0, index=1)


@pytest.mark.parametrize(("size", "of"), [(600, (700,)), (511, ()), (255, (700,)), (256, ()), (0, ())])
def test_rows_that_end_before_a_tile_or_checkpoint_are_cut(size, of):
    store_tiles(SIZE)
    assert difference(LEAVES[:size], heads(*of)) == Difference("cut", sequence=size + 1)


def test_rows_that_end_with_the_last_tile_are_not_cut():
    store_tiles(SIZE)
    assert difference(LEAVES[:512]) is None


def test_the_first_difference_is_kept():
    store_tiles(SIZE)
    assert difference(changed(5, 300), heads(10, 700)) == Difference("leaf", sequence=6)


def test_a_row_whose_leaf_is_not_known_is_taken_from_its_tile():
    store_tiles(SIZE)
    leaves = [None if index in {3, 400} else leaf for index, leaf in enumerate(LEAVES[:SIZE])]
    assert difference(leaves, heads(4, 450, 700)) is None
    leaves[600] = None
    assert difference(leaves, heads(450, 600)) is None
    assert difference(leaves, heads(601)) == Difference("checkpoint", sequence=601, number=1)


def test_a_check_starts_at_the_beginning_of_a_tile():
    with pytest.raises(ValueError, match="beginning of a tile"):
        TileCheck(start=255)


def test_a_check_that_starts_later_shows_changed_tiles_before_it_by_the_next_checkpoint():
    store_tiles(SIZE)
    with without_triggers():
        Tile.objects.filter(index=0).update(root=bytes(32), hashes=bytes(8192))
    assert difference(LEAVES[:SIZE], heads(600), 512) == Difference("checkpoint", sequence=600, number=1)


def test_tiles_of_the_level_above_are_checked():
    size = 256 * 258
    store_tiles(size)
    assert Tile.objects.get(level=1).index == 0
    sizes = heads(65536, 65700)
    assert difference(LEAVES[:size], sizes) is None
    for start in (256 * 200, 65536, 256 * 257):
        assert difference(LEAVES[:size], sizes, start) is None
    with without_triggers():
        Tile.objects.filter(level=1).update(root=bytes(32))
    assert difference(LEAVES[:size], sizes) == Difference("tile", level=1, index=0)
    assert difference(LEAVES[:size], sizes, 256 * 200) == Difference("tile", level=1, index=0)


def test_rows_that_end_before_a_tile_above_are_cut():
    store_tiles(65536)
    with without_triggers():
        Tile.objects.filter(level=0).delete()
        assert difference(LEAVES[:100]) == Difference("cut", sequence=101)


def test_a_forged_checkpoint_is_found_by_its_signature(settings):
    write_events(3)
    made = checkpoints.make()
    settings.SNAPPORTAL_LOG_SIGNING_KEYS = [b"\7" * 32]
    head = notes.TreeHead(settings.SNAPPORTAL_LOG_ORIGIN, 3, bytes.fromhex(made.root))
    note = notes.sign(head.text, [notes.SigningKey("other.example", b"\1" * 32)])
    Checkpoint.objects.create(number=2, at=datetime.now(UTC), size=3, root=made.root, note=note)
    leaves = [tree.leaf_hash(sealing.sealed_bytes(row)) for row in rows()]
    assert difference(leaves, checkpoints.stored_heads()) == Difference("checkpoint", sequence=3, number=2)
