"""An index of the newest requests. On PostgreSQL it is built without locking the table."""

from django.db import migrations, models

from snapshots.audit.index_without_lock import AddIndexWithoutLock


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY runs in no transaction

    dependencies = [("approvals", "0004_items_instead_of_columns")]

    operations = [
        AddIndexWithoutLock(
            "ApprovalRequest", models.Index(fields=["-created_at"], name="approval_request_newest")
        ),
    ]
