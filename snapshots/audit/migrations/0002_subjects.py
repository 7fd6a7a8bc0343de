"""The table of names and addresses, and the triggers that allow them to be erased and refuse any other change."""

from django.db import migrations, models

UNCHANGED = ("commitment", "kind", "person_id", "day")


def _is_erasure(equal):
    """The SQL condition for an update that only erases; `equal` compares two values, NULL equal to NULL."""
    kept = " AND ".join(equal.format(column=column) for column in UNCHANGED)
    return (
        f"{kept} AND OLD.erased_in IS NULL AND NEW.erased_in IS NOT NULL "
        "AND NEW.value = '' AND NEW.salt = '' AND NEW.lookup = ''"
    )


SQLITE_TRIGGERS = {
    "audit_subject_only_erase": (
        "CREATE TRIGGER audit_subject_only_erase BEFORE UPDATE ON audit_subject "
        f"WHEN NOT ({_is_erasure('NEW.{column} IS OLD.{column}')}) "
        "BEGIN SELECT RAISE(ABORT, 'names in the log are erased, never changed'); END"
    ),
    "audit_subject_no_delete": (
        "CREATE TRIGGER audit_subject_no_delete BEFORE DELETE ON audit_subject "
        "BEGIN SELECT RAISE(ABORT, 'names in the log are erased, never deleted'); END"
    ),
    # INSERT OR REPLACE deletes rows without firing the DELETE trigger.
    "audit_subject_no_replace": (
        "CREATE TRIGGER audit_subject_no_replace BEFORE INSERT ON audit_subject "
        "WHEN EXISTS (SELECT 1 FROM audit_subject WHERE commitment = NEW.commitment) "
        "BEGIN SELECT RAISE(ABORT, 'names in the log are never replaced'); END"
    ),
}
POSTGRESQL_STATEMENTS = (
    f"""
CREATE FUNCTION audit_subject_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND ({_is_erasure("NEW.{column} IS NOT DISTINCT FROM OLD.{column}")}) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'names in the log are erased, never changed' USING ERRCODE = 'integrity_constraint_violation';
END $$
""",
    "CREATE TRIGGER audit_subject_refuse BEFORE UPDATE OR DELETE ON audit_subject "
    "FOR EACH ROW EXECUTE FUNCTION audit_subject_refuse()",
    "CREATE TRIGGER audit_subject_no_truncate BEFORE TRUNCATE ON audit_subject "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_refuse()",
    "ALTER TABLE audit_subject ENABLE ALWAYS TRIGGER audit_subject_refuse",
    "ALTER TABLE audit_subject ENABLE ALWAYS TRIGGER audit_subject_no_truncate",
)


def create_triggers(apps, schema_editor):
    is_sqlite = schema_editor.connection.vendor == "sqlite"
    for statement in SQLITE_TRIGGERS.values() if is_sqlite else POSTGRESQL_STATEMENTS:
        schema_editor.execute(statement, params=None)


def drop_triggers(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for name in SQLITE_TRIGGERS:
            schema_editor.execute(f"DROP TRIGGER {name}", params=None)
    else:
        for name in ("audit_subject_refuse", "audit_subject_no_truncate"):
            schema_editor.execute(f"DROP TRIGGER {name} ON audit_subject", params=None)
        schema_editor.execute("DROP FUNCTION audit_subject_refuse()", params=None)


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_entries")]

    operations = [
        migrations.CreateModel(
            name="Subject",
            fields=[
                ("commitment", models.CharField(max_length=64, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[("person", "Person"), ("text", "Text"), ("address", "Address")],
                        max_length=10,
                    ),
                ),
                ("person_id", models.BigIntegerField(null=True)),
                ("value", models.CharField(blank=True, max_length=2000)),
                ("salt", models.CharField(blank=True, max_length=32)),
                ("day", models.DateField(null=True)),
                ("lookup", models.CharField(blank=True, max_length=64)),
                ("erased_in", models.BigIntegerField(null=True)),
            ],
            options={
                "db_table": "audit_subject",
                "indexes": [
                    models.Index(fields=["lookup"], name="audit_subject_lookup"),
                    models.Index(fields=["person_id"], name="audit_subject_person"),
                    models.Index(fields=["day"], name="audit_subject_day"),
                    models.Index(fields=["erased_in"], name="audit_subject_erased"),
                ],
            },
        ),
        migrations.RunPython(create_triggers, drop_triggers),
    ]
