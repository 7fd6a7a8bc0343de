"""An index of the state of runs. On PostgreSQL it is built without locking the table."""

from django.db import migrations, models

from snapshots.audit.index_without_lock import AddIndexWithoutLock


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY runs in no transaction

    dependencies = [("schedules", "0001_schedules")]

    operations = [
        AddIndexWithoutLock("Run", models.Index(fields=["state", "created_at"], name="schedule_run_state")),
    ]
