"""Indexes for the filters and the search of the log.

On PostgreSQL they are built without locking the log: rows can be appended meanwhile. A build that was interrupted leaves an
index that is not valid; running the migration again replaces it.

On SQLite the searched text is in a full-text index (FTS5) of its own, kept by triggers. It stores three-letter parts and
the numbers of rows, no text. Names and addresses are in no index but those of audit_subject, so erasing them there is enough.
"""

import sqlite3

from django.db import NotSupportedError, migrations, models
from django.db.models import Q

from snapshots.audit.index_without_lock import AddIndexWithoutLock

TRIGRAM_SINCE = (3, 34)
SEARCHED = ("reason", "server_name", "snapshot_name", "target", "provider_message", "evidence", "token_label")


def _joined(row=""):
    """The searched columns with a control character between them, which no column holds."""
    joint = {"": " || chr(31) || "}.get(row, " || char(31) || ")
    return joint.join(f"{row}{column}" for column in SEARCHED)


# The numbers of the four windows (search/windows.py) that the row is in, each with its level in the last two bits. With
# them one scan of the index finds the rows of one window that contain a text, however many there are in the whole log.
WINDOWS = "ARRAY[(sequence >> 10) << 2, (sequence >> 13) << 2 | 1, (sequence >> 16) << 2 | 2, (sequence >> 20) << 2 | 3]"
POSTGRESQL_STATEMENTS = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "DROP INDEX CONCURRENTLY IF EXISTS audit_search",
    # New rows wait in a list that every search reads, so it is kept short.
    f"CREATE INDEX CONCURRENTLY audit_search ON audit_entry USING gin (({WINDOWS}), upper({_joined()}) gin_trgm_ops) "
    "WITH (gin_pending_list_limit = 256)",
)
SQLITE_TABLE = (
    "DROP TABLE IF EXISTS audit_search",
    "CREATE VIRTUAL TABLE audit_search USING fts5("
    "searched, content='', columnsize=0, detail=none, tokenize='trigram')",
    f"INSERT INTO audit_search(rowid, searched) SELECT sequence, {_joined('audit_entry.')} FROM audit_entry ORDER BY sequence",
)
SQLITE_TRIGGERS = {
    "audit_search_insert": (
        "CREATE TRIGGER audit_search_insert AFTER INSERT ON audit_entry BEGIN "
        f"INSERT INTO audit_search(rowid, searched) VALUES (NEW.sequence, {_joined('NEW.')}); END"
    ),
    "audit_search_delete": (
        "CREATE TRIGGER audit_search_delete AFTER DELETE ON audit_entry BEGIN "
        "INSERT INTO audit_search(audit_search, rowid, searched) "
        f"VALUES ('delete', OLD.sequence, {_joined('OLD.')}); END"
    ),
}


def create_triggers(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for statement in SQLITE_TRIGGERS.values():
            schema_editor.execute(statement, params=None)


def drop_triggers(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for name in SQLITE_TRIGGERS:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}", params=None)


def create_search(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for statement in POSTGRESQL_STATEMENTS:
            schema_editor.execute(statement, params=None)
        return
    if sqlite3.sqlite_version_info < TRIGRAM_SINCE:
        raise NotSupportedError(
            f"the search of the audit log needs SQLite 3.34 or newer; this is {sqlite3.sqlite_version}"
        )
    drop_triggers(apps, schema_editor)
    for statement in SQLITE_TABLE:
        schema_editor.execute(statement, params=None)
    create_triggers(apps, schema_editor)


def drop_search(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX IF EXISTS audit_search", params=None)
        return
    drop_triggers(apps, schema_editor)
    schema_editor.execute("DROP TABLE IF EXISTS audit_search", params=None)


def _index_of_subjects(column, name, condition):
    return models.Index(fields=[column, "sequence"], name=name, condition=condition)


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY runs in no transaction

    dependencies = [("audit", "0005_archive")]

    operations = [
        AddIndexWithoutLock(
            "Entry", models.Index(fields=["server_name", "sequence"], name="audit_server_name")
        ),
        AddIndexWithoutLock("Entry", models.Index(fields=["request_id", "sequence"], name="audit_request")),
        AddIndexWithoutLock("Entry", _index_of_subjects("actor_subject", "audit_no_actor", Q(actor_id=None))),
        AddIndexWithoutLock(
            "Entry", _index_of_subjects("address_subject", "audit_no_actor_from", Q(actor_id=None))
        ),
        AddIndexWithoutLock(
            "Entry", _index_of_subjects("settled_by_subject", "audit_settled_by", ~Q(settled_by_subject=""))
        ),
        AddIndexWithoutLock(
            "Entry", _index_of_subjects("target_subject", "audit_target_subject", ~Q(target_subject=""))
        ),
        AddIndexWithoutLock(
            "Entry", _index_of_subjects("evidence_subject", "audit_evidence_subject", ~Q(evidence_subject=""))
        ),
        AddIndexWithoutLock(
            "Subject",
            models.Index(
                fields=["value", "day"],
                name="audit_subject_address",
                condition=Q(kind="address", erased_in=None),
            ),
        ),
        AddIndexWithoutLock(
            "Subject",
            models.Index(
                fields=["person_id"],
                name="audit_subject_names",
                condition=Q(kind__in=["person", "text"], erased_in=None),
            ),
        ),
        migrations.RunPython(create_search, drop_search, atomic=False),
    ]
