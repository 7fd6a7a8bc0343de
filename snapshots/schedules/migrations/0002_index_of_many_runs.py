"""An index of the state of runs. On PostgreSQL it is built without locking the table."""

from importlib import import_module

from django.db import migrations, models

AddIndexWithoutLock = import_module("snapshots.audit.migrations.0006_search").AddIndexWithoutLock


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY runs in no transaction

    dependencies = [("schedules", "0001_schedules")]

    operations = [
        AddIndexWithoutLock("Run", models.Index(fields=["state", "created_at"], name="schedule_run_state")),
    ]
