"""An index of the planned deletions that ended last. On PostgreSQL it is built without locking the table."""

from importlib import import_module

from django.db import migrations, models

AddIndexWithoutLock = import_module("snapshots.audit.migrations.0006_search").AddIndexWithoutLock


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY runs in no transaction

    dependencies = [("deletions", "0005_shortened_grace_times")]

    operations = [
        AddIndexWithoutLock(
            "PlannedDeletion", models.Index(fields=["-ended_at"], name="planned_deletion_newest")
        ),
    ]
