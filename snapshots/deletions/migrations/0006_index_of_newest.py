"""An index of the planned deletions that ended last. On PostgreSQL it is built without locking the table."""

from django.db import migrations, models

from snapshots.audit.index_without_lock import AddIndexWithoutLock


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY runs in no transaction

    dependencies = [("deletions", "0005_shortened_grace_times")]

    operations = [
        AddIndexWithoutLock(
            "PlannedDeletion", models.Index(fields=["-ended_at"], name="planned_deletion_newest")
        ),
    ]
