"""Two questions that a supervisor asks: is the process alive, and can it serve? Neither calls the provider.

The second is asked on a database connection of its own, which gives up soon: a supervisor that waits as long as a
person would takes a portal that cannot serve for one that is slow.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, JsonResponse

from snapshots.views.access import public

WAIT_SECONDS: Final = 0.7
"""For one statement, where the database is locked."""
CONNECT_SECONDS: Final = 2
"""PostgreSQL's client waits no shorter than that."""
ENOUGH_SECONDS: Final = 1.3
"""After these nothing more is asked."""

log = structlog.get_logger("snapportal.health")


@contextmanager
def open_impatient() -> Iterator[BaseDatabaseWrapper]:
    """A connection outside of any pool, opened by its first statement, that waits for no lock longer than WAIT_SECONDS."""
    own: BaseDatabaseWrapper = connection.copy()
    options = own.settings_dict["OPTIONS"]
    if own.vendor == "postgresql":
        options.pop("pool", None)
        limit = f"-c statement_timeout={round(WAIT_SECONDS * 1000)}"
        options |= {"connect_timeout": CONNECT_SECONDS, "options": f"{options.get('options', '')} {limit}"}
    else:
        options.pop("init_command", None)  # setting the journal's mode would wait too
        options["timeout"] = WAIT_SECONDS
    try:
        yield own
    finally:
        own.close()


def check_keys(own: BaseDatabaseWrapper) -> bool:
    """The rings of tokens and audit log; without its SECRET_KEY Django does not run at all."""
    return bool(settings.SNAPPORTAL_TOKEN_KEYS and settings.SNAPPORTAL_AUDIT_KEYS)


def check_database(own: BaseDatabaseWrapper) -> bool:
    with own.cursor() as cursor:
        cursor.execute("SELECT 1")
        return bool(cursor.fetchone() == (1,))


@cache
def _known_migrations() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None).graph.nodes)


def check_migrations(own: BaseDatabaseWrapper) -> bool:
    with own.cursor() as cursor:
        cursor.execute("SELECT app, name FROM django_migrations")
        return _known_migrations() <= set(cursor.fetchall())


def check_audit_log(own: BaseDatabaseWrapper) -> bool:
    """Whether a row could be written, asked without writing one."""
    with own.cursor() as cursor:
        if own.vendor == "postgresql":
            cursor.execute(
                "SELECT has_table_privilege('audit_entry', 'INSERT'), current_setting('transaction_read_only')"
            )
            return bool(cursor.fetchone() == (True, "off"))
        cursor.execute("SELECT 1 FROM audit_entry LIMIT 1")
        cursor.execute("PRAGMA database_list")
        file = cursor.fetchone()[2]
    return not file or (os.access(file, os.W_OK) and os.access(Path(file).parent, os.W_OK))


CHECKS: dict[str, Callable[[BaseDatabaseWrapper], bool]] = {
    "keys": check_keys,
    "database": check_database,
    "migrations": check_migrations,
    "audit_log": check_audit_log,
}


def examine() -> dict[str, bool]:
    """Every check and whether it passes. One that there was no time for does not."""
    end = time.monotonic() + ENOUGH_SECONDS
    with open_impatient() as own:
        return {name: time.monotonic() < end and _passes(name, own) for name in CHECKS}


def _passes(name: str, own: BaseDatabaseWrapper) -> bool:
    try:
        return CHECKS[name](own)
    except DatabaseError as error:
        log.warning("not ready", check=name, exc_info=error)
        return False


@public("GET", "HEAD")
def livez(request: HttpRequest) -> JsonResponse:
    """200 as long as the process answers at all."""
    return JsonResponse({"status": "alive"})


@public("GET", "HEAD")
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when every check passes, else 503 within two seconds; the body names the checks and says no more than that."""
    checks = {name: "ok" if passes else "failed" for name, passes in examine().items()}
    is_ready = set(checks.values()) == {"ok"}
    return JsonResponse(
        {"status": "ready" if is_ready else "not ready", "checks": checks}, status=200 if is_ready else 503
    )
