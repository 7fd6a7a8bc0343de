"""The storage of static files: hashed names and compressed copies, of which those that are still right are kept."""

import gzip
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import brotli
from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage

UNPACK: dict[str, Callable[[bytes], bytes]] = {".br": brotli.decompress, ".gz": gzip.decompress}


class KeepingCompressor(Compressor):  # type: ignore[misc]
    """Compresses a file unless its compressed copies unpack to its content: compressing is half the time of a start."""

    def compress(self, path: str) -> list[str]:
        """The names of the compressed copies of the file at `path`, which exist then."""
        content = Path(path).read_bytes()
        if all(_unpacks_to(content, Path(path + suffix), unpack) for suffix, unpack in UNPACK.items()):
            return [path + suffix for suffix in UNPACK]
        names: list[str] = super().compress(path)
        return names


def _unpacks_to(content: bytes, copy: Path, unpack: Callable[[bytes], bytes]) -> bool:
    """Whether the copy is whole: a start that was killed may have left a part of it."""
    try:
        return unpack(copy.read_bytes()) == content
    except (OSError, EOFError, zlib.error, brotli.error):
        return False


class StaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Set as the backend of static files in settings.py."""

    def create_compressor(self, **options: Any) -> KeepingCompressor:
        return KeepingCompressor(**options)
