"""Gives each process that tests a mutant its own copy of a migrated test database: forked processes would share one file."""

import os
import shutil
from pathlib import Path
from typing import Any

from django.test import utils


def use_copies() -> None:
    """From now on every pytest session of this process and of its forks starts on a copy of one template."""
    utils.setup_databases = _setup
    utils.teardown_databases = _teardown


def _setup(*_arguments: Any, **_options: Any) -> str:
    from django.conf import settings
    from django.db import connection

    template = Path(settings.DATA_DIR) / "template.sqlite3"
    before = str(connection.settings_dict["NAME"])
    connection.close()
    if not template.exists():
        made = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        connection.close()
        shutil.copy(made, template)
    connection.settings_dict["NAME"] = f"{template}.{os.getpid()}"
    shutil.copy(template, connection.settings_dict["NAME"])
    return before


def _teardown(before: str, **_options: Any) -> None:
    from django.db import connection

    connection.close()
    for path in Path(connection.settings_dict["NAME"]).parent.glob(f"template.sqlite3.{os.getpid()}*"):
        path.unlink()
    connection.settings_dict["NAME"] = before
