"""Reads how SQLite carries out the queries on the log."""

from collections.abc import Callable

from django.db import connection
from django.test.utils import CaptureQueriesContext


def plans_of(work: Callable[[], object]) -> list[str]:
    """The steps of SQLite's plans for the queries on the log, each of which names a table and an index."""
    with CaptureQueriesContext(connection) as seen:
        work()
    statements = [query["sql"] for query in seen.captured_queries if "audit_entry" in query["sql"]]
    with connection.cursor() as cursor:
        return [
            step[3] for sql in statements for step in cursor.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()
        ]
