"""The checkpoint and the tiles over HTTP: what c2sp.org/tlog-tiles asks for, to everybody, and only where it is switched on."""

import pytest
from django.test import Client
from django.urls import reverse

from snapshots.audit import checkpoints, notes, tiles, tree
from snapshots.audit.tree_models import Checkpoint, Tile
from snapshots.views.transparency import format_index, parse_index
from tests.support.audit_rows import fill_log, write_events

pytestmark = pytest.mark.django_db


@pytest.fixture
def public(settings) -> Client:
    settings.SNAPPORTAL_LOG_PUBLIC = True
    return Client()


def hashes(size: int, start: int, end: int) -> bytes:
    reader = tiles.reader(size)
    return b"".join(reader(0, index) for index in range(start, end))


def test_nothing_is_served_unless_it_is_switched_on(settings):
    fill_log(256)
    checkpoints.make()
    assert settings.SNAPPORTAL_LOG_PUBLIC is False
    for path in ("checkpoint", "tile/0/000", "tile/1/000.p/1"):
        assert Client().get(f"/log/{path}").status_code == 404


def test_the_newest_checkpoint_is_served_as_text(public):
    assert public.get("/log/checkpoint").status_code == 404, "none was signed yet"
    write_events(2)
    checkpoints.make()
    write_events(1)
    made = checkpoints.make()
    response = public.get("/log/checkpoint")
    assert response.status_code == 200
    assert response.content.decode() == made.note
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response["Cache-Control"] == "public, max-age=5"


def test_a_client_verifies_a_row_from_the_checkpoint_and_the_tiles_alone(public):
    fill_log(300)
    checkpoints.make()
    note = notes.open_note(public.get("/log/checkpoint").content.decode(), checkpoints.public_keys())
    head = notes.parse_head(note.text)
    stack = tree.Stack()
    for path in ("tile/0/000", "tile/0/001.p/44"):
        for leaf in tiles.split_hashes(public.get(f"/log/{path}").content):
            stack.push(0, leaf)
    assert (stack.size, stack.root()) == (head.size, head.root)
    assert public.get("/log/tile/1/000.p/1").content == tiles.reader(300)(8, 0)


def test_a_full_tile_is_served_as_bytes_that_never_change(public):
    fill_log(256)
    checkpoints.make()
    response = public.get("/log/tile/0/000")
    assert response.content == hashes(256, 0, 256)
    assert len(response.content) == 8192
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert not response.cookies
    assert "Cookie" not in response.get("Vary", "")


def test_a_part_of_a_tile_is_served_also_when_the_tile_is_full(public):
    fill_log(256)
    checkpoints.make()
    assert public.get("/log/tile/0/000.p/7").content == hashes(256, 0, 7)


def test_rows_that_no_checkpoint_signed_are_not_served(public):
    fill_log(200)
    checkpoints.make()
    fill_log(60)
    assert Tile.objects.count() == 1
    assert public.get("/log/tile/0/000").status_code == 404
    assert public.get("/log/tile/0/000.p/201").status_code == 404
    assert public.get("/log/tile/0/000.p/200").content == hashes(200, 0, 200)


@pytest.mark.parametrize(
    "path",
    [
        "tile/entries/000", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/0/x000/000", "tile/0/000/000", "tile/0/x000",
        "tile/00/000", "tile/64/000", "tile/-1/000", "tile/0/001", "tile/2/000", "tile/0/000.p/0", "tile/0/000.p/256",
        "tile/0/000.p/07", "tile/0/000.p/", "tile/0/000.p/x", "tile/0/000.p/7/8", "tile/0/-01", "tile/0/٠٠٠", "tile/0/000/",
        "tile/0/x999/x999/x999/x999/x999/x999/999", "entries", "",
    ],
)  # fmt: skip
def test_any_other_path_is_not_found(public, path):
    fill_log(256)
    checkpoints.make()
    assert public.get(f"/log/{path}").status_code == 404


@pytest.mark.parametrize("index", [0, 1, 999, 1000, 1234067, 10**9, 10**15])
def test_the_index_of_a_tile_is_written_in_groups_of_three_digits(index):
    assert parse_index(format_index(index)) == index
    assert format_index(1234067) == "x001/x234/067"


def test_reading_needs_no_sign_in_and_writes_no_row(public):
    write_events(2)
    checkpoints.make()
    for name, arguments in [
        ("checkpoint_detail", {}),
        ("partial_tile_detail", {"level": "0", "index": "000", "width": "2"}),
    ]:
        url = reverse(name, kwargs=arguments)
        assert public.get(url).status_code == 200
        assert public.head(url).status_code == 200
        assert public.post(url).status_code == 405
    write_events(1)
    assert Checkpoint.objects.get().size == checkpoints.newest().size == 2
