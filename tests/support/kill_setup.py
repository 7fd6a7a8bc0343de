"""What the programs that kill processes begin with.

They load everything once and fork each process that is to be killed, which then costs milliseconds instead of seconds.
"""

import os
import shutil
import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.garbage import collect_seldom


def set_up(data_dir: str) -> None:
    """Set up Django in this process: on SQLite in the folder, or on the database that the environment names."""
    collect_seldom()
    os.environ["SNAPPORTAL_DATA_DIR"] = data_dir
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection
    from django.urls import reverse

    django.setup()
    reverse(settings.LOGIN_URL)  # imports every view
    if connection.vendor == "sqlite":
        from tests.support.migrated_database import migrated_database

        shutil.copy(migrated_database(), settings.DATABASES["default"]["NAME"])
    else:
        call_command("migrate", verbosity=0)


def fork(work: Callable[[], object]) -> int:
    """Run `work` in a child process, which never returns. Returns its pid."""
    from django.db import connections

    from snapshots import connection

    connections.close_all()
    child = os.fork()
    if child == 0:
        connection._http.cache_clear()
        try:
            work()
        except BaseException:  # noqa: BLE001 - the child ends here, whatever happened
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return child


@contextmanager
def provider(folder: Path) -> Iterator[tuple[str, str]]:
    """The sandbox over HTTP in a process of its own with its own database: (address, token)."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    folder.mkdir()
    database = shutil.copy(settings.DATABASES["default"]["NAME"], folder / "provider.sqlite3")
    token_file = folder / "token"
    reading, writing = os.pipe()

    def serve() -> None:
        connection.settings_dict["NAME"] = str(database)
        settings.SNAPPORTAL_SANDBOX_SPEED = 1_000_000.0
        with os.fdopen(writing, "w") as output:
            call_command("serve_sandbox", port=0, verbosity=0, token_file=token_file, stdout=output)

    child = fork(serve)
    os.close(writing)
    try:
        with os.fdopen(reading) as output:
            line = output.readline()
            address = next(word for word in line.split() if word.startswith("http://"))
            yield address.rstrip("/"), token_file.read_text().strip()
    finally:
        os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)
