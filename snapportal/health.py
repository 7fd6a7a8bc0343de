"""Health checks for a supervisor: /livez (the process runs) and /readyz (it can serve). Neither calls the provider.

/readyz uses a database connection of its own with short timeouts, so that it answers before the supervisor's timeout.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Final

import structlog
from django.db import DatabaseError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, JsonResponse

from snapportal import storage
from snapportal.accounts.factors import authenticator
from snapportal.storage import StorageError
from snapshots.audit import journal
from snapshots.audit.journal import JournalUnavailableError
from snapshots.audit.locking import LockTimeoutError
from snapshots.vault import tokens
from snapshots.vault.crypto import SealError
from snapshots.views.access import public
from snapshots.worker import status

WAIT_SECONDS: Final = 0.7
"""How long one statement waits for a lock."""
CONNECT_SECONDS: Final = 2
"""The shortest connect timeout of PostgreSQL's client."""
ENOUGH_SECONDS: Final = 1.3
"""After this time no further check is started."""

NAME: Final = "readiness"
"""Alias of the connection that exists during one request."""

log = structlog.get_logger("snapportal.health")


class NotReadyError(Exception):
    """A check failed without an exception of its own."""


@contextmanager
def open_with_short_timeouts() -> Iterator[str]:
    """The alias of a new connection outside of any pool that waits for no lock longer than WAIT_SECONDS. Its first
    statement opens it.
    """
    own: BaseDatabaseWrapper = connection.copy(alias=NAME)
    options = own.settings_dict["OPTIONS"]
    if own.vendor == "postgresql":
        options.pop("pool", None)
        limit = f"-c statement_timeout={round(WAIT_SECONDS * 1000)}"
        options |= {"connect_timeout": CONNECT_SECONDS, "options": f"{options.get('options', '')} {limit}"}
    else:
        options.pop("init_command", None)  # setting the journal mode would wait for a lock too
        options["timeout"] = WAIT_SECONDS
    connections[NAME] = own
    try:
        yield NAME
    finally:
        del connections[NAME]
        own.close()


def check_database(using: str) -> None:
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT 1")


@cache
def _known_migrations() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None).graph.nodes)


def check_migrations(using: str) -> None:
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT app, name FROM django_migrations")
        missing = _known_migrations() - set(cursor.fetchall())
    if missing:
        raise NotReadyError(f"migrations are missing: {sorted(missing)}")


def check_keys(using: str) -> None:
    """The audit keys verify the newest row; the token keys open what they sealed. Django does not start without SECRET_KEY."""
    journal.check_key(using)
    tokens.check_keys(using)
    authenticator.check_keys(using)


CHECKS: dict[str, Callable[[str], None]] = {
    "database": check_database,
    "migrations": check_migrations,
    "keys": check_keys,
    "audit_log": storage.check_write,
}
FAILURES: Final = (
    DatabaseError,
    NotReadyError,
    JournalUnavailableError,
    SealError,
    LockTimeoutError,
    StorageError,
    OSError,
)


def run_checks() -> dict[str, bool]:
    """Every check and whether it passed; False for one that there was no time for."""
    end = time.monotonic() + ENOUGH_SECONDS
    with open_with_short_timeouts() as using:
        return {name: time.monotonic() < end and _passes(name, using) for name in CHECKS}


def _passes(name: str, using: str) -> bool:
    try:
        CHECKS[name](using)
    except FAILURES as error:
        log.warning("not ready", check=name, why=str(error))
        return False
    return True


def worker_is_alive() -> bool:
    try:
        with open_with_short_timeouts() as using:
            return status.is_alive(using)
    except FAILURES:
        return False


@public("GET", "HEAD")
def livez(request: HttpRequest) -> JsonResponse:
    """200 as long as the process answers at all."""
    return JsonResponse({"status": "alive"})


@public("GET", "HEAD")
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when every check passes, else 503 within two seconds; the body names the checks and says no more than that.

    A missing worker is named, but pages can be served without it.
    """
    checks = {name: "ok" if passes else "failed" for name, passes in run_checks().items()}
    worker = "ok" if checks["database"] == "ok" and worker_is_alive() else "missing"
    is_ready = set(checks.values()) == {"ok"}
    return JsonResponse(
        {"status": "ready" if is_ready else "not ready", "checks": checks, "worker": worker},
        status=200 if is_ready else 503,
    )
