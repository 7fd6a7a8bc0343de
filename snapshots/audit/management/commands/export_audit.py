"""manage.py export_audit: writes the whole audit log to standard output."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from snapshots.audit import checkpoints, export, journal, lines, verification
from snapshots.audit.management.database_command import DatabaseCommand
from snapshots.audit.models import Entry


class Command(DatabaseCommand):
    help = "Write the whole audit log to standard output. The export itself is recorded in the log first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", choices=sorted(export.EXTENSIONS), default="json")
        parser.add_argument(
            "--columns",
            nargs="*",
            choices=lines.COLUMNS,
            metavar="COLUMN",
            help=f"disclose only these, for an outsider; the file still verifies: {', '.join(lines.COLUMNS)}",
        )
        parser.add_argument(
            "--size",
            type=int,
            action="append",
            default=[],
            help="the size of an older checkpoint with which the file is to be compared (may be repeated)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            file = export.begin(
                actor=verification.COMMAND_ACTOR,
                rows=Entry.objects.all(),
                format_name=options["format"],
                columns=options["columns"],
                borders=options["size"],
            )
        except ValueError as error:
            raise CommandError(f"Nothing was exported: {error}") from error
        except checkpoints.CheckpointError as error:
            raise CommandError(f"Nothing was exported, for nothing can be proven: {error}") from error
        except journal.JournalUnavailableError as error:
            raise CommandError(
                f"Nothing was exported, for it could not be noted in the log: {error}"
            ) from error
        for chunk in file.chunks:
            self.stdout.write(chunk.decode(), ending="")
        self.stderr.write(f"{file.count} rows.")
