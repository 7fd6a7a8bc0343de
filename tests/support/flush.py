"""Empties the tables after a transactional test: only those that hold rows, and none that never change in a test."""

from django.apps import apps
from django.db import connection, transaction
from django.test import TransactionTestCase

from tests.support.audit_triggers import without_triggers

FIXED = {"django_content_type", "auth_permission"}
"""Filled when the database is made. Django's flush empties and fills them again, which takes longer than a test."""


def _filled_tables() -> list[str]:
    names = {model._meta.db_table for model in apps.get_models(include_auto_created=True)} - FIXED
    probes = (f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})" for name in sorted(names))
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(probes))
        return [name for (name,) in cursor.fetchall()]


def empty_tables(case: TransactionTestCase | None = None) -> None:
    """Delete all rows of all tables. Foreign keys are checked at the end only, so the order does not matter."""
    filled = _filled_tables()
    if not filled:
        return
    blocks = [without_triggers(), transaction.atomic()]
    if connection.vendor == "sqlite":
        blocks.reverse()  # one commit; PostgreSQL changes no triggers while foreign keys are to be checked
    with blocks[0], blocks[1], connection.cursor() as cursor:
        for name in filled:
            cursor.execute(f"DELETE FROM {name}")
        if connection.vendor == "sqlite":
            cursor.execute("INSERT INTO audit_search(audit_search) VALUES ('delete-all')")


def use_own_flush() -> None:
    """Let each TransactionTestCase end in this way."""
    TransactionTestCase._fixture_teardown = empty_tables
