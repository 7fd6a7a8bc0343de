"""One folder for all temporary files of a test run, those of its subprocesses too; removed when the run ends."""

import atexit
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

NAME = "SNAPPORTAL_TESTS_FOLDER"
"""The variable by which subprocesses know the folder."""
MEMORY = Path("/dev/shm")
MEMORY_BYTES = 2**30
"""Free bytes that are enough: a run of the browser and PostgreSQL tests with two processes held 78 MB at a time."""


def _place() -> str | None:
    """A file system in memory with enough room, where nothing waits for a disk; None for the usual temporary folder."""
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK):
        return None
    return str(MEMORY) if shutil.disk_usage(MEMORY).free >= MEMORY_BYTES else None


def _make() -> str:
    folder = tempfile.mkdtemp(prefix="snapportal-tests-", dir=_place())
    Path(folder).chmod(0o711)  # PostgreSQL runs as another user, and needs its own folder in here
    (Path(folder) / "data").mkdir(mode=0o700)
    owner = os.getpid()

    def remove() -> None:
        if os.getpid() == owner:  # not in a forked child
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    os.environ["TMPDIR"] = tempfile.tempdir = folder
    return folder


def data_folder() -> str:
    """The portal's data folder inside it. The first call makes it."""
    if NAME not in os.environ:
        os.environ[NAME] = _make()
    return os.environ[NAME] + "/data"


def own_data_folder(worker: str) -> str:
    """The data folder of one of several test processes of a run: they must not share locks and files."""
    folder = Path(f"{data_folder()}-{worker}")
    folder.mkdir(mode=0o700, exist_ok=True)
    return str(folder)


def made_once(name: str, make: Callable[[Path], None]) -> Path:
    """The folder of that name, which the first process of the run that needs it fills by `make` for all."""
    folder = Path(data_folder()).with_name(name)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder.with_suffix(".done")
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of an attempt that failed
            folder.mkdir()
            make(folder)
            done.touch()
    return folder
