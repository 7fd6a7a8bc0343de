"""An index of the newest requests. On PostgreSQL it is built without locking the table."""

from importlib import import_module

from django.db import migrations, models

AddIndexWithoutLock = import_module("snapshots.audit.migrations.0006_search").AddIndexWithoutLock


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY runs in no transaction

    dependencies = [("approvals", "0004_items_instead_of_columns")]

    operations = [
        AddIndexWithoutLock(
            "ApprovalRequest", models.Index(fields=["-created_at"], name="approval_request_newest")
        ),
    ]
