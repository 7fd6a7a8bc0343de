"""The tables of the Merkle tree, and the triggers that refuse to change or delete their rows."""

from django.db import migrations, models

# The condition under which a new row is not the next one. INSERT OR REPLACE would delete a row without firing the
# trigger for deletions, so on SQLite only the next row may be inserted.
IS_NOT_NEXT = {
    "audit_tile": 'NEW."index" <> (SELECT COALESCE(MAX("index"), -1) + 1 FROM audit_tile WHERE level = NEW.level)',
    "audit_checkpoint": "NEW.number <> (SELECT COALESCE(MAX(number), 0) + 1 FROM audit_checkpoint)",
}


def sqlite_triggers(table):
    """Name and statement of each trigger of the table."""
    events = {"no_update": "UPDATE", "no_delete": "DELETE"}
    triggers = {
        f"{table}_{name}": (
            f"CREATE TRIGGER {table}_{name} BEFORE {event} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are never changed or deleted'); END"
        )
        for name, event in events.items()
    }
    triggers[f"{table}_only_append"] = (
        f"CREATE TRIGGER {table}_only_append BEFORE INSERT ON {table} WHEN {IS_NOT_NEXT[table]} "
        f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are only appended'); END"
    )
    return triggers


def postgresql_statements(table):
    return (
        f"CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
        f"'rows of {table} are never changed or deleted' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        f"CREATE TRIGGER {table}_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()",
        # ALWAYS: ordinary triggers do not fire in a session with session_replication_role = replica.
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_refuse",
    )


def create_triggers(apps, schema_editor):
    is_sqlite = schema_editor.connection.vendor == "sqlite"
    for table in IS_NOT_NEXT:
        statements = sqlite_triggers(table).values() if is_sqlite else postgresql_statements(table)
        for statement in statements:
            schema_editor.execute(statement, params=None)


def drop_triggers(apps, schema_editor):
    for table in IS_NOT_NEXT:
        if schema_editor.connection.vendor == "sqlite":
            for name in sqlite_triggers(table):
                schema_editor.execute(f"DROP TRIGGER {name}", params=None)
        else:
            schema_editor.execute(f"DROP TRIGGER {table}_refuse ON {table}", params=None)
            schema_editor.execute(f"DROP FUNCTION {table}_refuse()", params=None)


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_stream_cursor")]

    operations = [
        migrations.CreateModel(
            name="Tile",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "level", "index", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("level", models.SmallIntegerField()),
                ("index", models.BigIntegerField()),
                ("root", models.BinaryField(max_length=32)),
                ("hashes", models.BinaryField(max_length=8192)),
            ],
            options={"db_table": "audit_tile"},
        ),
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("size", models.BigIntegerField()),
                ("root", models.CharField(max_length=64)),
                ("note", models.TextField()),
            ],
            options={
                "db_table": "audit_checkpoint",
                "ordering": ["-number"],
                "indexes": [models.Index(fields=["size", "number"], name="audit_checkpoint_size")],
            },
        ),
        migrations.RunPython(create_triggers, drop_triggers),
    ]
