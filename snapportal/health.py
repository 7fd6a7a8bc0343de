"""Two questions that a supervisor asks: is the process alive, and can it serve? Neither calls the provider."""

import os
from collections.abc import Callable
from pathlib import Path

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse

from snapshots.views.access import public

log = structlog.get_logger("snapportal.health")


def check_database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return bool(cursor.fetchone() == (1,))


def check_migrations() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def check_keys() -> bool:
    """The rings of tokens and audit log; without its SECRET_KEY Django does not run at all."""
    return bool(settings.SNAPPORTAL_TOKEN_KEYS and settings.SNAPPORTAL_AUDIT_KEYS)


def check_audit_log() -> bool:
    """Whether a row could be written, asked without writing one."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT has_table_privilege('audit_entry', 'INSERT'), current_setting('transaction_read_only')"
            )
            return bool(cursor.fetchone() == (True, "off"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM audit_entry LIMIT 1")
        cursor.execute("PRAGMA database_list")
        file = cursor.fetchone()[2]
    return not file or (os.access(file, os.W_OK) and os.access(Path(file).parent, os.W_OK))


CHECKS: dict[str, Callable[[], bool]] = {
    "database": check_database,
    "migrations": check_migrations,
    "keys": check_keys,
    "audit_log": check_audit_log,
}


def _passes(name: str) -> bool:
    try:
        return CHECKS[name]()
    except DatabaseError as error:
        log.warning("not ready", check=name, exc_info=error)
        return False


@public("GET", "HEAD")
def livez(request: HttpRequest) -> JsonResponse:
    """200 as long as the process answers at all."""
    return JsonResponse({"status": "alive"})


@public("GET", "HEAD")
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when every check passes, else 503; the body names the checks and says no more than that."""
    checks = {name: "ok" if _passes(name) else "failed" for name in CHECKS}
    is_ready = set(checks.values()) == {"ok"}
    return JsonResponse(
        {"status": "ready" if is_ready else "not ready", "checks": checks}, status=200 if is_ready else 503
    )
