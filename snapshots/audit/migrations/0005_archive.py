"""The table of legal holds, and triggers that let go exactly the rows that are archived and not under a hold.

A row may be deleted if its sequence is at most the greatest `target` of a row `audit.archive`, unless the log needs it to
be read (KEPT_ACTIONS) or a hold names it.
"""

from importlib import import_module

from django.db import migrations, models

entries = import_module("snapshots.audit.migrations.0001_entries")

KEPT_ACTIONS = (
    "address.erase",
    "audit.accept_changed_rows",
    "audit.accept_lost_anchors",
    "audit.accept_restored_log",
    "audit.archive",
    "audit.hold",
    "audit.key_change",
    "audit.lift_hold",
    "person.erase",
)
SUBJECT_COLUMNS = (
    "actor_subject",
    "address_subject",
    "evidence_subject",
    "settled_by_subject",
    "target_subject",
)
HOLD_UNCHANGED = ("placed_in", "server_id", "person_id", "operation_id", "first_sequence", "last_sequence")
KEPT_LIST = ", ".join(f"'{action}'" for action in KEPT_ACTIONS)
LAST_ARCHIVED = (
    "SELECT COALESCE(MAX(CAST(target AS bigint)), 0) FROM {schema}audit_entry "
    "WHERE action = 'audit.archive' AND result = 'completed'"
)
HELD = (
    "SELECT 1 FROM {schema}audit_hold h WHERE h.lifted_in IS NULL AND (h.server_id = {server_id} "
    "OR h.person_id = {actor_id} OR h.operation_id = {operation_id} "
    "OR {sequence} BETWEEN h.first_sequence AND h.last_sequence "
    "OR (h.person_id IS NOT NULL AND EXISTS (SELECT 1 FROM {schema}audit_subject s "
    "WHERE s.person_id = h.person_id AND s.commitment IN ({subjects}))))"
)
MAY_LEAVE = f"({{sequence}} <= ({LAST_ARCHIVED}) AND {{action}} NOT IN ({KEPT_LIST}) AND NOT EXISTS ({HELD}))"
IN_SQLITE = MAY_LEAVE.format(
    schema="",
    subjects=", ".join(f"OLD.{column}" for column in SUBJECT_COLUMNS),
    **{column: f"OLD.{column}" for column in ("sequence", "action", "server_id", "actor_id", "operation_id")},
)
IN_POSTGRESQL = MAY_LEAVE.format(
    schema="%1$I.",
    sequence="$1",
    action="$2",
    server_id="$3",
    actor_id="$4",
    operation_id="$5",
    subjects="$6, $7, $8, $9, $10",
)


def _is_lifting(equal):
    kept = " AND ".join(equal.format(column=column) for column in HOLD_UNCHANGED)
    return f"{kept} AND OLD.lifted_in IS NULL"


def _is_recorded(column, action, schema=""):
    return f"EXISTS (SELECT 1 FROM {schema}audit_entry WHERE sequence = NEW.{column} AND action = '{action}')"


SQLITE_TRIGGERS = {
    "audit_entry_no_delete": (
        f"CREATE TRIGGER audit_entry_no_delete BEFORE DELETE ON audit_entry WHEN NOT {IN_SQLITE} "
        "BEGIN SELECT RAISE(ABORT, 'audit rows are never deleted unless archived and not held'); END"
    ),
    "audit_hold_only_lift": (
        "CREATE TRIGGER audit_hold_only_lift BEFORE UPDATE ON audit_hold "
        f"WHEN NOT ({_is_lifting('NEW.{column} IS OLD.{column}')} AND {_is_recorded('lifted_in', 'audit.lift_hold')}) "
        "BEGIN SELECT RAISE(ABORT, 'holds are lifted, never changed'); END"
    ),
    "audit_hold_no_delete": (
        "CREATE TRIGGER audit_hold_no_delete BEFORE DELETE ON audit_hold "
        "BEGIN SELECT RAISE(ABORT, 'holds are lifted, never deleted'); END"
    ),
    # INSERT OR REPLACE deletes rows without firing the DELETE trigger.
    "audit_hold_only_place": (
        "CREATE TRIGGER audit_hold_only_place BEFORE INSERT ON audit_hold "
        "WHEN EXISTS (SELECT 1 FROM audit_hold WHERE placed_in = NEW.placed_in) "
        f"OR NOT {_is_recorded('placed_in', 'audit.hold')} "
        "BEGIN SELECT RAISE(ABORT, 'holds are placed by a row of the log'); END"
    ),
}
# The tables are named with their schema: a temporary table of the same name would come first in the search path.
POSTGRESQL_STATEMENTS = (
    "DROP TRIGGER audit_entry_refuse ON audit_entry",
    "CREATE TRIGGER audit_entry_refuse BEFORE UPDATE OR TRUNCATE ON audit_entry "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_refuse()",
    entries.POSTGRESQL_ALWAYS,
    f"""
CREATE FUNCTION audit_entry_let_go() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    may_leave boolean;
BEGIN
    EXECUTE format($sql$SELECT {IN_POSTGRESQL}$sql$, TG_TABLE_SCHEMA) INTO may_leave
        USING OLD.sequence, OLD.action, OLD.server_id, OLD.actor_id, OLD.operation_id,
            {", ".join(f"OLD.{column}" for column in SUBJECT_COLUMNS)};
    IF may_leave THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'audit rows are never deleted unless archived and not held'
        USING ERRCODE = 'integrity_constraint_violation';
END $$
""",
    "CREATE TRIGGER audit_entry_let_go BEFORE DELETE ON audit_entry "
    "FOR EACH ROW EXECUTE FUNCTION audit_entry_let_go()",
    "ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_entry_let_go",
    f"""
CREATE FUNCTION audit_hold_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    is_recorded boolean := false;
BEGIN
    IF TG_OP = 'INSERT' THEN
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I.audit_entry WHERE sequence = $1 AND action = $2)', TG_TABLE_SCHEMA)
            INTO is_recorded USING NEW.placed_in, 'audit.hold';
    ELSIF TG_OP = 'UPDATE' AND ({_is_lifting("NEW.{column} IS NOT DISTINCT FROM OLD.{column}")}) THEN
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I.audit_entry WHERE sequence = $1 AND action = $2)', TG_TABLE_SCHEMA)
            INTO is_recorded USING NEW.lifted_in, 'audit.lift_hold';
    END IF;
    IF is_recorded THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'holds are placed and lifted by rows of the log, never changed'
        USING ERRCODE = 'integrity_constraint_violation';
END $$
""",
    "CREATE TRIGGER audit_hold_refuse BEFORE INSERT OR UPDATE OR DELETE ON audit_hold "
    "FOR EACH ROW EXECUTE FUNCTION audit_hold_refuse()",
    "CREATE TRIGGER audit_hold_no_truncate BEFORE TRUNCATE ON audit_hold "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_refuse()",
    "ALTER TABLE audit_hold ENABLE ALWAYS TRIGGER audit_hold_refuse",
    "ALTER TABLE audit_hold ENABLE ALWAYS TRIGGER audit_hold_no_truncate",
)
POSTGRESQL_DROPS = (
    "DROP TRIGGER audit_hold_refuse ON audit_hold",
    "DROP TRIGGER audit_hold_no_truncate ON audit_hold",
    "DROP FUNCTION audit_hold_refuse()",
    "DROP TRIGGER audit_entry_let_go ON audit_entry",
    "DROP FUNCTION audit_entry_let_go()",
    "DROP TRIGGER audit_entry_refuse ON audit_entry",
    entries.POSTGRESQL_TRIGGER,
    entries.POSTGRESQL_ALWAYS,
)


def create_triggers(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        statements = ("DROP TRIGGER audit_entry_no_delete", *SQLITE_TRIGGERS.values())
    else:
        statements = POSTGRESQL_STATEMENTS
    for statement in statements:
        schema_editor.execute(statement, params=None)


def drop_triggers(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        drops = tuple(f"DROP TRIGGER {name}" for name in SQLITE_TRIGGERS)
        statements = (*drops, entries.SQLITE_TRIGGERS["audit_entry_no_delete"])
    else:
        statements = POSTGRESQL_DROPS
    for statement in statements:
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("audit", "0004_tree")]

    operations = [
        migrations.CreateModel(
            name="Hold",
            fields=[
                ("placed_in", models.BigIntegerField(primary_key=True, serialize=False)),
                ("lifted_in", models.BigIntegerField(null=True)),
                ("server_id", models.BigIntegerField(null=True)),
                ("person_id", models.BigIntegerField(null=True)),
                ("operation_id", models.UUIDField(null=True)),
                ("first_sequence", models.BigIntegerField(null=True)),
                ("last_sequence", models.BigIntegerField(null=True)),
            ],
            options={"db_table": "audit_hold", "ordering": ["-placed_in"]},
        ),
        migrations.RunPython(create_triggers, drop_triggers),
    ]
