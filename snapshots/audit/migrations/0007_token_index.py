"""An index of the rows of each token. On PostgreSQL it is built without locking the log, as in 0006_search."""

from importlib import import_module

from django.db import migrations, models
from django.db.models import Q

AddIndexWithoutLock = import_module("snapshots.audit.migrations.0006_search").AddIndexWithoutLock


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
