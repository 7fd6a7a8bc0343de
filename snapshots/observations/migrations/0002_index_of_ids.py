"""An index of the IDs of snapshots. On PostgreSQL it is built without locking the table."""

from django.db import migrations, models

from snapshots.audit.index_without_lock import AddIndexWithoutLock


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY runs in no transaction

    dependencies = [("observations", "0001_observed_changes")]

    operations = [
        AddIndexWithoutLock(
            "KnownSnapshot", models.Index(fields=["snapshot_id"], name="observed_snapshot_number")
        ),
    ]
