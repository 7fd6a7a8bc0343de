"""The stored tree: tiles are stored when they are full, every proof can be read, and the database refuses changes."""

from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection, transaction

from snapshots.audit import journal, sealing, tiles, tree
from snapshots.audit.models import Entry
from snapshots.audit.tiles import TileError
from snapshots.audit.tree_models import Checkpoint, Tile
from tests.support.audit_rows import fill_log, rows, write_events
from tests.support.audit_triggers import without_triggers

pytestmark = pytest.mark.django_db(transaction=True)


def leaves() -> list[bytes]:
    return [tree.leaf_hash(sealing.sealed_bytes(row)) for row in rows()]


def hash_at(level: int, index: int) -> bytes:
    """The hash of a subtree, computed from the rows alone."""
    stack = tree.Stack()
    for leaf in leaves()[index << level : (index + 1) << level]:
        stack.push(0, leaf)
    return stack.root()


def made_up_leaf(index: int) -> bytes:
    return tree.leaf_hash(str(index).encode())


def store_made_up_tiles(count: int) -> list[bytes]:
    """Store `count` tiles of level 0 over made-up leaves. Returns the leaves."""
    made = [made_up_leaf(index) for index in range(count * 256)]
    for index in range(count):
        hashes = made[index * 256 : (index + 1) * 256]
        root = tiles.build_pyramid(hashes)[-1][0]
        Tile(level=0, index=index, root=root, hashes=b"".join(hashes)).save(force_insert=True)
    return made


def test_a_tile_is_stored_with_its_last_row():
    fill_log(255)
    assert not Tile.objects.exists()
    write_events(1)
    tile = Tile.objects.get()
    assert (tile.level, tile.index) == (0, 0)
    assert bytes(tile.hashes) == b"".join(leaves())
    assert bytes(tile.root) == hash_at(8, 0)


def test_a_tile_is_not_stored_when_its_last_row_is_rolled_back():
    fill_log(255)
    with pytest.raises(RuntimeError), journal.committed():
        journal.record(journal.EntryData(action="person.sign_in"))
        assert Tile.objects.count() == 1
        raise RuntimeError
    assert not Tile.objects.exists()
    assert Entry.objects.count() == 255


def test_the_root_of_every_size_is_that_of_its_rows():
    fill_log(300)
    stack = tree.Stack()
    assert tiles.read_root(0) == stack.root()
    for size, leaf in enumerate(leaves(), 1):
        stack.push(0, leaf)
        if size in {1, 7, 255, 256, 257, 300}:
            assert tiles.read_root(size) == stack.root()


def test_proofs_read_from_tiles_verify():
    fill_log(300)
    stored, root, old_root = leaves(), tiles.read_root(300), tiles.read_root(200)
    for index in (0, 199, 255, 256, 299):
        proof = tree.inclusion_proof(index, 300, tiles.reader(300))
        assert tree.verify_inclusion(index, 300, stored[index], proof, root)
    proof = tree.consistency_proof(200, 300, tiles.reader(300))
    assert tree.verify_consistency(200, 300, old_root, root, proof)


def test_a_reader_knows_nothing_beyond_its_size():
    fill_log(300)
    reader = tiles.reader(270)
    assert reader(0, 269) == leaves()[269]
    for level, index in [(0, 270), (4, 16), (8, 1), (9, 0), (0, -1), (-1, 0)]:
        with pytest.raises(TileError, match="has no subtree"):
            reader(level, index)
    with pytest.raises(TileError, match="has no tile"):
        reader.read_tile(1, 1)


def test_a_reader_keeps_its_answers_while_the_log_grows():
    fill_log(250)
    reader = tiles.reader(250)
    root = tree.root(250, reader)
    fill_log(10)
    assert tree.root(250, tiles.reader(250)) == root


def test_256_tiles_are_completed_by_a_tile_above_them():
    made = store_made_up_tiles(256)
    tiles.complete_tiles(65536)
    above = Tile.objects.get(level=1)
    stack = tree.Stack()
    for leaf in made:
        stack.push(0, leaf)
    assert (above.index, bytes(above.root)) == (0, stack.root())
    reader = tiles.reader(65536)
    assert reader(0, 65535) == made[65535]
    assert reader(8, 255) == tiles.build_pyramid(made[-256:])[-1][0]
    assert reader(16, 0) == tree.root(65536, reader) == stack.root()


def test_a_proof_among_many_rows_reads_few_tiles(django_assert_max_num_queries):
    made = store_made_up_tiles(200)
    size = 200 * 256
    with django_assert_max_num_queries(6):
        reader = tiles.reader(size)
        proof = tree.inclusion_proof(12345, size, reader)
    stack = tree.Stack()
    for leaf in made:
        stack.push(0, leaf)
    assert tree.verify_inclusion(12345, size, made[12345], proof, stack.root())


def test_a_tile_that_was_left_out_is_stored_by_the_next_call():
    fill_log(520)
    stored = {tile.index: bytes(tile.hashes) for tile in Tile.objects.all()}
    with without_triggers():
        Tile.objects.all().delete()
    fill_log(768 - 520)
    assert {tile.index: bytes(tile.hashes) for tile in Tile.objects.all()}.items() > stored.items()
    assert Tile.objects.count() == 3


def test_a_missing_row_leaves_its_tile_out_and_the_log_in_use():
    fill_log(200)
    with without_triggers():
        Entry.objects.filter(sequence=100).delete()
    fill_log(56)
    assert not Tile.objects.exists()
    with pytest.raises(TileError, match="row 100 is missing"):
        tiles.read_root(150)
    with pytest.raises(TileError, match="a tile of level 0 between 0 and 0 is missing"):
        tiles.read_root(256)
    with pytest.raises(TileError, match="the tile 0/0 is missing"):
        tiles.reader(256)(0, 5)


@pytest.mark.parametrize("hashes", [b"", b"\0" * 8160, b"\0" * 8193])
def test_a_tile_of_the_wrong_length_is_not_read(hashes):
    Tile(level=0, index=0, root=bytes(32), hashes=hashes).save(force_insert=True)
    with pytest.raises(TileError, match="the tile 0/0 is damaged"):
        tiles.reader(256)(0, 3)


CHANGES = {
    "update": "UPDATE {table} SET {column} = {column}",
    "delete": "DELETE FROM {table}",
    "replace": "INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
    "gap": "INSERT INTO {table} SELECT {gap} FROM {table}",
}
TABLES = {
    "audit_tile": ("root", 'level, "index" + 2, root, hashes'),
    "audit_checkpoint": ("note", "number + 2, at, size, root, note"),
}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", CHANGES)
def test_the_database_refuses_to_change_tiles_and_checkpoints(table, change):
    if connection.vendor != "sqlite" and change in {"replace", "gap"}:
        return  # PostgreSQL has no REPLACE, so it needs no check of the numbers
    Tile(level=0, index=0, root=bytes(32), hashes=bytes(8192)).save(force_insert=True)
    Checkpoint.objects.create(number=1, at=datetime.now(UTC), size=256, root="", note="")
    column, gap = TABLES[table]
    statement = CHANGES[change].format(table=table, column=column, gap=gap)
    with pytest.raises(DatabaseError, match=f"rows of {table} are"), transaction.atomic():
        connection.cursor().execute(statement)


def test_postgresql_refuses_to_empty_the_tables():
    if connection.vendor != "postgresql":
        return
    for table in TABLES:
        with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
            connection.cursor().execute(f"TRUNCATE {table}")
