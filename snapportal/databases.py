"""Options of the database connections (transactions and durability on SQLite, the pool on PostgreSQL), and the caches."""

import sqlite3
from typing import Any

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


def complete(database: dict[str, Any], *, threads: int) -> None:
    """Add the options to the settings of a database. `threads` is the number of threads in each process."""
    if database.get("ENGINE") == "django.db.backends.sqlite3":
        mode = "WAL" if wal_is_safe(sqlite3.sqlite_version_info) else "DELETE"
        database["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",  # otherwise a transaction that reads before it writes could fail as "locked"
            "timeout": 20,
            "init_command": f"PRAGMA journal_mode={mode};PRAGMA synchronous=FULL;PRAGMA foreign_keys=ON;PRAGMA secure_delete=ON",
        }
        return
    options = database.setdefault("OPTIONS", {})
    options["pool"] = {"min_size": 1, "max_size": threads + SPARE_CONNECTIONS, "timeout": 5}
    options["connect_timeout"] = 5
    database["CONN_MAX_AGE"] = 0
