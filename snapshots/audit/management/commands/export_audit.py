"""manage.py export_audit: writes the whole audit log to standard output."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from snapshots.audit import export, journal, verification
from snapshots.audit.models import Entry


class Command(BaseCommand):
    help = "Write the whole audit log to standard output. The export itself is recorded in the log first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", choices=sorted(export.FORMATS), default="json")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            file = export.begin(
                actor=verification.COMMAND_ACTOR, rows=Entry.objects.all(), format_name=options["format"]
            )
        except journal.JournalUnavailableError as error:
            raise CommandError(
                f"Nothing was exported, for it could not be noted in the log: {error}"
            ) from error
        for chunk in file.chunks:
            self.stdout.write(chunk.decode(), ending="")
        self.stderr.write(f"{file.count} rows.")
