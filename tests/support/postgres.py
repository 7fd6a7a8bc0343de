"""A temporary PostgreSQL server: created, used over a socket in its folder, and removed."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dj_database_url
import psycopg
from django.core.management import call_command
from django.db import connections
from django.db.utils import load_backend

PROGRAMS = Path(os.environ.get("SNAPPORTAL_TESTS_POSTGRES", "/usr/lib/postgresql/15/bin"))
START_SECONDS = 30
STOP_SECONDS = 15


def is_there() -> bool:
    return (PROGRAMS / "initdb").exists()


def _identity() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: as root, run it as the user postgres or nobody."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = names.get("postgres") or names["nobody"]
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _wait_until_it_answers(server: subprocess.Popen[str], folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while subprocess.run([PROGRAMS / "pg_isready", "-q", "-h", folder], check=False).returncode != 0:
        assert server.poll() is None, server.stderr.read() if server.stderr else ""
        assert time.monotonic() < deadline, "PostgreSQL did not start in time"
        time.sleep(0.05)


FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
"""A test's database need not survive a power failure."""


@contextmanager
def cluster(*, is_durable: bool = False) -> Iterator[str]:
    """Yields the URL of a new, empty database; the server is stopped after the block.

    `is_durable`: each commit waits for the disk, as in production.
    """
    folder = Path(tempfile.mkdtemp(prefix="snapportal-postgres-"))
    identity = _identity()
    if identity:
        os.chown(folder, identity["user"], identity["group"])
    data = folder / "data"
    try:
        subprocess.run(
            [
                PROGRAMS / "initdb",
                "-D",
                data,
                "-U",
                "snapportal",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "-N",
            ],
            check=True,
            capture_output=True,
            cwd=folder,
            timeout=60,
            **identity,
        )
        options = [
            f"unix_socket_directories={folder}",
            "listen_addresses=",
            "max_connections=60",
            *(() if is_durable else FAST),
            "autovacuum=off",
            "wal_level=minimal",
            "max_wal_senders=0",
        ]
        server = subprocess.Popen(
            [PROGRAMS / "postgres", "-D", data, *(part for option in options for part in ("-c", option))],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            **identity,
        )
        try:
            _wait_until_it_answers(server, folder)
            yield f"postgres://snapportal@{str(folder).replace('/', '%2F')}/postgres"
        finally:
            server.send_signal(signal.SIGINT)  # ends the sessions too
            try:
                server.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
    finally:
        shutil.rmtree(folder)


TEMPLATE = "migrated"


def migrate_template(url: str) -> None:
    """Make a migrated database beside the one at `url`, from which others are copied."""
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {TEMPLATE}")
    with opened(_beside(url, TEMPLATE)):
        call_command("migrate", verbosity=0)


def copy_template(url: str, name: str) -> str:
    """Make a database of that name as a copy of the migrated one. Returns its URL."""
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    return _beside(url, name)


def _beside(url: str, name: str) -> str:
    """The URL of another database of the same server."""
    return f"{url.rpartition('/')[0]}/{name}"


@contextmanager
def opened(url: str) -> Iterator[None]:
    """Inside this block the thread's default connection is to the database at `url`."""
    before = connections["default"]
    config = connections.configure_settings({"default": dict(dj_database_url.parse(url))})["default"]
    wrapper = load_backend(config["ENGINE"]).DatabaseWrapper(config, "default")
    connections["default"] = wrapper
    try:
        yield
    finally:
        wrapper.close()
        connections["default"] = before
