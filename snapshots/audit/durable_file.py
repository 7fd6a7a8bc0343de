"""Writes the files that are kept outside the database so that they survive a power failure."""

import os
from pathlib import Path


def _lacks_final_newline(handle: int) -> bool:
    """Whether the last line has no line feed; a line appended to it could not be parsed."""
    size = os.fstat(handle).st_size
    return size > 0 and os.pread(handle, 1, size - 1) != b"\n"


def sync_folder(folder: Path) -> None:
    """Flush the entries of a folder to the disk, which makes a new file survive a power failure. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def append_line(path: Path, line: str) -> None:
    """Append a line to the file, which is made if it does not exist, and flush it to the disk. Raises OSError."""
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
    with os.fdopen(handle, "ab") as file:
        separator = b"\n" if _lacks_final_newline(handle) else b""
        file.write(separator + line.encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)
