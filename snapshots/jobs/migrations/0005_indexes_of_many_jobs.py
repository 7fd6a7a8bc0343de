"""Indexes with which no page goes through all jobs. On PostgreSQL they are built without locking the tables."""

from django.db import migrations, models

from snapshots.audit.index_without_lock import AddIndexWithoutLock


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY runs in no transaction

    dependencies = [("jobs", "0004_temporary_roles")]

    operations = [
        AddIndexWithoutLock("Job", models.Index(fields=["-created_at"], name="job_newest")),
        AddIndexWithoutLock("Step", models.Index(fields=["snapshot_id"], name="job_step_snapshot")),
    ]
