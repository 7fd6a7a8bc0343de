"""The base class of commands that write the audit log outside the audit package's own commands."""

from typing import Any

from django.core.management.base import CommandError

from snapshots.audit.journal import JournalUnavailableError
from snapshots.audit.management.database_command import DatabaseCommand


class WritingCommand(DatabaseCommand):
    """Ends with a sentence instead of a traceback also when the audit log cannot be written."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except JournalUnavailableError as error:
            raise CommandError(
                f"The audit log cannot be written, so the command stopped: {error}. Compare SNAPPORTAL_AUDIT_KEYS with your "
                "copy, check the database and the disk, and run the command again."
            ) from error
