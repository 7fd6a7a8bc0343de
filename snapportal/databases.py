"""Options of the database connections (transactions and durability on SQLite, the pool on PostgreSQL), and the caches."""

import sqlite3
from typing import Any

from snapportal.environment import Environment

SQLITE = "django.db.backends.sqlite3"
POSTGRESQL = "django.db.backends.postgresql"
REDIS = "django.core.cache.backends.redis.RedisCache"
SPARE_CONNECTIONS = 2
"""Beyond one for each thread: a thread without a connection would wait for one."""
CACHE_TABLE: dict[str, Any] = {
    "BACKEND": "django.core.cache.backends.db.DatabaseCache",
    "LOCATION": "cache",
    "OPTIONS": {"MAX_ENTRIES": 10_000},
}
"""Shared by all processes of one machine; more machines need Redis."""
HTML_MEMORY: dict[str, Any] = {
    "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
    "LOCATION": "html",
    "OPTIONS": {"MAX_ENTRIES": 1000},
}
"""Rendered parts of pages, in the memory of each process: at most some 10 MB."""


def wal_is_safe(version: tuple[int, ...]) -> bool:
    """SQLite before 3.51.3 can lose committed writes in WAL mode, except 3.44.6 and 3.50.7 (sqlite.org, WAL-reset bug)."""
    return version >= (3, 51, 3) or version in {(3, 44, 6), (3, 50, 7)}


def read_database(environment: Environment, sqlite_url: str, *, threads: int) -> dict[str, Any]:
    """Django's settings of the database in DATABASE_URL, by default the file in `sqlite_url`; `threads` in each process.

    Collects the error of an invalid one.
    """
    found: Any = environment.read(environment.env.dj_db_url, "DATABASE_URL", sqlite_url, conn_max_age=600)
    if not isinstance(found, dict):
        return {}  # the error is collected
    has_name = found["NAME"] not in {"", ":memory:"} or "service" in found.get("OPTIONS", {})
    if found["ENGINE"] not in {SQLITE, POSTGRESQL} or not has_name:
        environment.errors.append(
            "SNAPPORTAL_DATABASE_URL must be postgres://user:password@host/name, or sqlite:////path/of/a/file"
        )
    elif found["ENGINE"] == SQLITE:
        _complete_sqlite(found)
    else:
        _complete_postgresql(found, threads)
    return dict(found)


def _complete_sqlite(database: dict[str, Any]) -> None:
    """Transactions and durability."""
    mode = "WAL" if wal_is_safe(sqlite3.sqlite_version_info) else "DELETE"
    database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",  # otherwise a transaction that reads before it writes could fail as "locked"
        "timeout": 20,
        "init_command": f"PRAGMA journal_mode={mode};PRAGMA synchronous=FULL;PRAGMA foreign_keys=ON;PRAGMA secure_delete=ON",
    }


def _complete_postgresql(database: dict[str, Any], threads: int) -> None:
    """The pool."""
    options = database.setdefault("OPTIONS", {})
    options["pool"] = {"min_size": 1, "max_size": threads + SPARE_CONNECTIONS, "timeout": 5}
    options["connect_timeout"] = 5
    database["CONN_MAX_AGE"] = 0


def read_cache(environment: Environment) -> dict[str, Any]:
    """Django's settings of the cache in CACHE_URL, by default a table. Collects the error of one that processes cannot share."""
    if not environment.is_given("CACHE_URL"):
        return CACHE_TABLE
    found: dict[str, Any] = environment.read(environment.env.dj_cache_url, "CACHE_URL", {})
    if found.get("BACKEND", REDIS) != REDIS:
        environment.errors.append("SNAPPORTAL_CACHE_URL must be redis://host:6379/0, or rediss:// with TLS")
    return found
