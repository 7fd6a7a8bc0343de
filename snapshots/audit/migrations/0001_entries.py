"""The table of the audit log, and the triggers that refuse to change or delete its rows."""

from django.db import migrations, models

SQLITE_TRIGGERS = {
    "audit_entry_no_update": (
        "CREATE TRIGGER audit_entry_no_update BEFORE UPDATE ON audit_entry "
        "BEGIN SELECT RAISE(ABORT, 'audit rows are never changed'); END"
    ),
    "audit_entry_no_delete": (
        "CREATE TRIGGER audit_entry_no_delete BEFORE DELETE ON audit_entry "
        "BEGIN SELECT RAISE(ABORT, 'audit rows are never deleted'); END"
    ),
    # INSERT OR REPLACE deletes rows without firing the DELETE trigger, so only the next sequence may be inserted.
    "audit_entry_only_append": (
        "CREATE TRIGGER audit_entry_only_append BEFORE INSERT ON audit_entry "
        "WHEN NEW.sequence <> (SELECT COALESCE(MAX(sequence), 0) + 1 FROM audit_entry) "
        "BEGIN SELECT RAISE(ABORT, 'audit rows are only appended'); END"
    ),
}
POSTGRESQL_FUNCTION = """
CREATE FUNCTION audit_entry_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit rows are never changed or deleted' USING ERRCODE = 'integrity_constraint_violation';
END $$
"""
POSTGRESQL_TRIGGER = (
    "CREATE TRIGGER audit_entry_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_refuse()"
)
# ALWAYS: ordinary triggers do not fire in a session with session_replication_role = replica.
POSTGRESQL_ALWAYS = "ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_entry_refuse"


def create_triggers(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for statement in SQLITE_TRIGGERS.values():
            schema_editor.execute(statement, params=None)
    elif schema_editor.connection.vendor == "postgresql":
        for statement in (POSTGRESQL_FUNCTION, POSTGRESQL_TRIGGER, POSTGRESQL_ALWAYS):
            schema_editor.execute(statement, params=None)
    else:
        raise NotImplementedError("the audit log is guarded on SQLite and PostgreSQL only")


def drop_triggers(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for name in SQLITE_TRIGGERS:
            schema_editor.execute(f"DROP TRIGGER {name}", params=None)
    else:
        schema_editor.execute("DROP TRIGGER audit_entry_refuse ON audit_entry", params=None)
        schema_editor.execute("DROP FUNCTION audit_entry_refuse()", params=None)


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("sequence", models.BigIntegerField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("clock_was_behind", models.BooleanField(default=False)),
                ("previous_hash", models.CharField(max_length=64, unique=True)),
                ("hash", models.CharField(max_length=64)),
                ("salt", models.CharField(max_length=32)),
                ("key_id", models.CharField(max_length=16)),
                (
                    "phase",
                    models.CharField(
                        choices=[("intent", "Intent"), ("outcome", "Outcome"), ("event", "Event")],
                        max_length=10,
                    ),
                ),
                ("operation_id", models.UUIDField(null=True)),
                ("action", models.CharField(max_length=60)),
                ("result", models.CharField(max_length=20)),
                ("code", models.CharField(blank=True, max_length=60)),
                ("actor_id", models.BigIntegerField(null=True)),
                ("actor_subject", models.CharField(blank=True, max_length=64)),
                ("actor_role", models.CharField(blank=True, max_length=20)),
                ("settled_by_subject", models.CharField(blank=True, max_length=64)),
                ("server_id", models.BigIntegerField(null=True)),
                ("server_name", models.CharField(blank=True, max_length=300)),
                ("snapshot_id", models.BigIntegerField(null=True)),
                ("snapshot_name", models.CharField(blank=True, max_length=300)),
                ("target", models.CharField(blank=True, max_length=300)),
                ("target_subject", models.CharField(blank=True, max_length=64)),
                ("reason", models.TextField(blank=True)),
                ("evidence", models.TextField(blank=True)),
                ("evidence_subject", models.CharField(blank=True, max_length=64)),
                ("address_subject", models.CharField(blank=True, max_length=64)),
                ("channel", models.CharField(blank=True, max_length=20)),
                ("token_label", models.CharField(blank=True, max_length=80)),
                ("token_fingerprint", models.CharField(blank=True, max_length=64)),
                ("request_id", models.CharField(blank=True, max_length=36)),
                ("provider_status", models.IntegerField(null=True)),
                ("provider_message", models.TextField(blank=True)),
                ("duration_ms", models.IntegerField(null=True)),
            ],
            options={
                "db_table": "audit_entry",
                "ordering": ["-sequence"],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("sequence__gte", 1)), name="audit_sequence")
                ],
                "indexes": [
                    models.Index(fields=["at", "sequence"], name="audit_at"),
                    models.Index(fields=["operation_id", "sequence"], name="audit_operation"),
                    models.Index(fields=["action", "sequence"], name="audit_action"),
                    models.Index(fields=["result", "sequence"], name="audit_result"),
                    models.Index(fields=["actor_id", "sequence"], name="audit_actor"),
                    models.Index(fields=["server_id", "sequence"], name="audit_server"),
                ],
            },
        ),
        migrations.RunPython(create_triggers, drop_triggers),
    ]
