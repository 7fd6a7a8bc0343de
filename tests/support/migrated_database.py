"""An SQLite database file that is migrated once in a test run, of which each process of the run takes a copy."""

import shutil
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db.backends.sqlite3.creation import DatabaseCreation

from tests.support.run_folder import made_once
from tests.support.sqlite_file import opened


def migrated_database() -> Path:
    """The file, made by the first process that asks for it: all migrations take as long as many tests."""
    return made_once("migrated", _migrate) / "migrated.sqlite3"


def _migrate(folder: Path) -> None:
    with opened(folder / "migrated.sqlite3"):
        call_command("migrate", verbosity=0)


def use_copies() -> None:
    """Let test databases begin as copies of it. Django runs `migrate` on them as always, which finds nothing to do."""
    make_place = DatabaseCreation._create_test_db

    def copy(creation: DatabaseCreation, *arguments: Any, **options: Any) -> str:
        name = make_place(creation, *arguments, **options)
        if not Path(name).exists():
            shutil.copy(migrated_database(), name)
        return name

    DatabaseCreation._create_test_db = copy
