"""Compressed copies of static files are kept while they are right, and made again when they are not."""

import gzip
import hashlib
import re
from pathlib import Path

import brotli
import pytest

from snapportal.static_files import UNPACK, KeepingCompressor

TEXT = b"body { margin: 0 } " * 200
PACKED = {".br": brotli.compress, ".gz": gzip.compress}


@pytest.fixture
def style(tmp_path):
    """A file with its compressed copies."""
    path = tmp_path / "style.css"
    path.write_bytes(TEXT)
    compress(path)
    return path


def compress(path) -> list[str]:
    return sorted(KeepingCompressor(quiet=True).compress(str(path)))


def copies(path) -> dict[str, bytes]:
    """Suffix → what the copy unpacks to."""
    return {
        suffix: unpack(path.with_name(path.name + suffix).read_bytes()) for suffix, unpack in UNPACK.items()
    }


def written(path) -> list[int]:
    return [path.with_name(path.name + suffix).stat().st_ctime_ns for suffix in UNPACK]


def test_copies_of_an_unchanged_file_are_kept(style):
    before = written(style)
    assert compress(style) == [f"{style}.br", f"{style}.gz"]
    assert written(style) == before
    assert copies(style) == dict.fromkeys(UNPACK, TEXT)


def test_a_changed_file_is_compressed_again(style):
    style.write_bytes(TEXT.replace(b"0", b"1"))
    compress(style)
    assert copies(style) == dict.fromkeys(UNPACK, TEXT.replace(b"0", b"1"))


@pytest.mark.parametrize("suffix", UNPACK)
@pytest.mark.parametrize("damage", ["gone", "empty", "cut", "garbled", "other"])
def test_a_copy_that_is_not_right_is_made_again(style, suffix, damage):
    copy = style.with_name(style.name + suffix)
    whole = copy.read_bytes()
    match damage:
        case "gone":
            copy.unlink()
        case "empty":
            copy.write_bytes(b"")
        case "cut":
            copy.write_bytes(whole[:-3])
        case "garbled":
            copy.write_bytes(b"no packed file")
        case "other":
            copy.write_bytes(PACKED[suffix](b"another file"))
    assert compress(style) == [f"{style}.br", f"{style}.gz"]
    assert copies(style) == dict.fromkeys(UNPACK, TEXT)


def test_a_file_that_packing_does_not_shorten_has_no_copies(tmp_path):
    path = tmp_path / "tiny.txt"
    path.write_bytes(b"x")
    assert compress(path) == []
    assert [one.name for one in tmp_path.iterdir()] == ["tiny.txt"]


def test_vendored_files_are_those_of_the_decision():
    decision = Path("docs/decisions/0020-live-pages.md").read_text()
    sums = dict(re.findall(r"`static/vendor/([^`]+)`.*?SHA-256 `([0-9a-f]{64})`", decision, re.DOTALL))
    files = {
        one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in Path("static/vendor").iterdir()
    }
    assert files == sums
