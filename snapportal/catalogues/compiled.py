"""The .mo files that Django reads, made of the .po files when a process first needs them.

They lie in a folder that is named after the content of all .po files: it is whole or missing, never outdated, and any number of
processes may make it at once. `python -m snapportal.catalogues.compiled` makes it when an image or a package is built.
"""

import os
import shutil
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory

from snapportal.catalogues import FOLDER, po_files


class NotCompiledError(Exception):
    """There are no compiled catalogues, and none can be written."""


def compiled_folder(source: Path, data_dir: Path) -> Path:
    """The folder with the .mo files: beside the .po files, or in the data folder of an installation that cannot be written.

    Raises NotCompiledError.
    """
    places = [source / ".compiled", data_dir / "locale"]
    name = _digest(po_files(source))
    found = [place / name for place in places if (place / name).is_dir()]
    return found[0] if found else _make(source, [place / name for place in places])


def _digest(files: Iterable[Path]) -> str:
    digest = blake2b(digest_size=10)
    for path in files:
        content = path.read_bytes()
        digest.update(f"{path.parent.parent.name} {len(content)} ".encode() + content)
    return digest.hexdigest()


def _make(source: Path, targets: list[Path]) -> Path:
    errors: list[OSError] = []
    for target in targets:
        try:
            compile_into(source, target)
        except OSError as error:
            errors.append(error)
        else:
            return target
    raise NotCompiledError(f"the translations cannot be compiled: {'; '.join(map(str, errors))}")


def compile_into(source: Path, target: Path) -> None:
    """Make the folder `target`, and remove those of other contents beside it. Raises OSError."""
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent, prefix=".", ignore_cleanup_errors=True) as name:
        made = Path(name)
        for path in po_files(source):
            _compile(path, made / path.parent.parent.name / "LC_MESSAGES" / "django.mo")
        made.chmod(0o755)  # the portal may run as somebody else
        try:
            made.rename(target)
        except OSError:
            if not target.is_dir():  # else another process was faster
                raise
    for other in target.parent.iterdir():
        if other != target and not other.name.startswith("."):
            shutil.rmtree(other, ignore_errors=True)


def _compile(po: Path, mo: Path) -> None:
    from babel.messages.mofile import write_mo  # noqa: PLC0415 - needed once, and every process imports this module

    from snapportal.catalogues.files import read  # noqa: PLC0415

    mo.parent.mkdir(parents=True)
    with mo.open("wb") as file:
        write_mo(file, read(po))


if __name__ == "__main__":
    os.umask(0o022)
    compiled_folder(FOLDER, FOLDER)
