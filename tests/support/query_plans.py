"""Reads how SQLite carries out queries."""

import re
from collections.abc import Callable, Collection

from django.db import connection
from django.test.utils import CaptureQueriesContext


def plans_of(work: Callable[[], object]) -> list[str]:
    """The steps of SQLite's plans for the queries on the log, each of which names a table and an index."""
    with CaptureQueriesContext(connection) as seen:
        work()
    return [
        step
        for query in seen.captured_queries
        if "audit_entry" in query["sql"]
        for step in plan(query["sql"])
    ]


def whole_scans(work: Callable[[], object], tables: Collection[str]) -> dict[str, str]:
    """Of the queries that read all rows of one of the tables, in no order that an index has: step of the plan → query."""
    scan = re.compile(rf"SCAN (?:{'|'.join(tables)})(?! USING)\b")
    reading = re.compile(r"\s*(SELECT|UPDATE|DELETE)")
    with CaptureQueriesContext(connection) as seen:
        work()
    return {
        step: query["sql"]
        for query in seen.captured_queries
        if reading.match(query["sql"])
        for step in plan(query["sql"])
        if scan.match(step)
    }


def plan(sql: str) -> list[str]:
    """The steps in which SQLite carries out a query."""
    with connection.cursor() as cursor:
        return [step[3] for step in cursor.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()]
