"""All that the database holds, as text, to look for what must not be in it."""

from django.db import connection


def tables() -> list[str]:
    """Without `audit_search`, which has no rows of its own: SQLite keeps its index in other tables, which are among these."""
    return sorted({*connection.introspection.table_names()} - {"audit_search"})


def database_text() -> str:
    """All tables as text, including the cache table; binary values are decoded as Latin-1."""
    parts = []
    with connection.cursor() as cursor:
        for table in tables():
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            for row in cursor.fetchall():
                parts += [
                    bytes(value).decode("latin-1") if isinstance(value, bytes | memoryview) else str(value)
                    for value in row
                ]
    return "\n".join(parts)
