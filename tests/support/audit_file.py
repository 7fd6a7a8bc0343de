"""The log in a separate SQLite file, for tests of file permissions, locks and full disks."""

import shutil
from pathlib import Path

from tests.support.audit_rows import write_events
from tests.support.migrated_database import migrated_database
from tests.support.sqlite_file import opened

__all__ = ["filled", "make", "opened"]


def make(folder: Path) -> Path:
    """Create a database file with all tables and triggers."""
    return Path(shutil.copy(migrated_database(), folder / "snapportal.sqlite3"))


def filled(folder: Path, rows: int) -> Path:
    """The same with so many rows."""
    path = make(folder)
    with opened(path):
        write_events(rows)
    return path
