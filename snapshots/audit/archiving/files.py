"""Archive files: the line format of docs/log-format.md, compressed with gzip, with salted values open and names closed.

A file is complete or absent: it is written under another name, flushed to the disk and then linked. It is never replaced.
"""

import gzip
import hashlib
import json
import os
import re
import secrets
import zlib
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final

from snapshots.audit import tree
from snapshots.audit.durable_file import sync_folder

NAME: Final = re.compile(r"\Aaudit-(\d{9,18})-(\d{9,18})\.jsonl\.gz\Z")
Line = dict[str, Any]


class ArchiveFileError(Exception):
    """An archive file is missing, cannot be read or written, or is not what it must be."""


def name_of(first: int, last: int) -> str:
    return f"audit-{first:09}-{last:09}.jsonl.gz"


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, 64 hex digits. Raises ArchiveFileError."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ArchiveFileError(f"{path} cannot be read: {error.strerror}") from error


def _write_all(file: IO[bytes], content: Iterable[str]) -> None:
    with gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as packed:
        for line in content:
            packed.write(line.encode())
    file.flush()
    os.fsync(file.fileno())


def write(path: Path, content: Iterable[str]) -> None:
    """Write a new file, mode 0600, and flush it and its folder to the disk. Raises ArchiveFileError, also if it exists."""
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for leftover in path.parent.glob(f".{path.name}.*"):  # of a run that was killed
            leftover.unlink(missing_ok=True)
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            _write_all(file, content)
        os.link(unfinished, path)
        unfinished.unlink()
        sync_folder(path.parent)
    except OSError as error:
        raise ArchiveFileError(f"{path} cannot be written: {error.strerror}") from error


def raw_lines(path: Path) -> Iterator[bytes]:
    """The lines of a file, unpacked. Raises ArchiveFileError."""
    try:
        with gzip.open(path, "rb") as file:
            yield from file
    except (OSError, EOFError, zlib.error) as error:
        raise ArchiveFileError(f"{path} cannot be read: {error}") from error


def parse(line: bytes, path: Path) -> Line:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise ArchiveFileError(f"{path} holds a line that is not JSON") from error
    if not isinstance(found, dict):
        raise ArchiveFileError(f"{path} holds a line that is no object")
    return found


def raw_data_lines(path: Path, first: int, last: int) -> Iterator[bytes]:
    """The lines of the file's rows, which are `first` to `last`: one for each row, a damaged one included.

    They are found by their number, without parsing. Raises ArchiveFileError.
    """
    before = 1 + len(tree.decompose(0, first - 1))
    return islice(raw_lines(path), before, before + last - first + 1)


def data_lines(path: Path, first: int, last: int) -> Iterator[Line]:
    """The same lines, parsed. Raises ArchiveFileError."""
    return (parse(raw, path) for raw in raw_data_lines(path, first, last))
