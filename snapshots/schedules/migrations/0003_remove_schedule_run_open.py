"""Remove the index that schedule_run_state replaces: SQLite did not use it."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("schedules", "0002_index_of_many_runs")]

    operations = [migrations.RemoveIndex("Run", "schedule_run_open")]
