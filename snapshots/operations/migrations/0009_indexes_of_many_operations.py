"""Indexes with which no page goes through all operations. On PostgreSQL they are built without locking the table."""

from django.db import migrations, models

from snapshots.audit.index_without_lock import AddIndexWithoutLock


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY runs in no transaction

    dependencies = [("operations", "0008_ownership")]

    operations = [
        AddIndexWithoutLock("Operation", models.Index(fields=["state", "server_id"], name="operation_state")),
        AddIndexWithoutLock("Operation", models.Index(fields=["ended_at"], name="operation_ended")),
        AddIndexWithoutLock(
            "Operation", models.Index(fields=["server_id", "-created_at"], name="operation_server")
        ),
        AddIndexWithoutLock("Operation", models.Index(fields=["snapshot_id"], name="operation_snapshot")),
    ]
