"""An index of the rows of each token. On PostgreSQL it is built without locking the log, as in 0006_search."""

from django.db import migrations, models
from django.db.models import Q

from snapshots.audit.index_without_lock import AddIndexWithoutLock


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY runs in no transaction

    dependencies = [("audit", "0006_search")]

    operations = [
        AddIndexWithoutLock(
            "Entry",
            models.Index(
                fields=["token_fingerprint", "sequence"],
                name="audit_token",
                condition=~Q(token_fingerprint=""),
            ),
        ),
    ]
