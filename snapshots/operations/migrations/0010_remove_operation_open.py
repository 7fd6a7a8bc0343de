"""Remove the index that operation_state replaces: SQLite did not use it."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("operations", "0009_indexes_of_many_operations")]

    operations = [migrations.RemoveIndex("Operation", "operation_open")]
