"""manage.py archive_audit: moves old rows of the audit log from the database into archive files."""

from argparse import ArgumentTypeError
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import Error

from snapshots.audit.archiving import run
from snapshots.audit.archiving.files import ArchiveFileError
from snapshots.audit.archiving.run import Step
from snapshots.audit.journal import JournalUnavailableError
from snapshots.audit.management.database_command import DatabaseCommand
from snapshots.audit.tiles import TileError
from snapshots.audit.verification import COMMAND_ACTOR

FAILURES: Final = (run.ArchivingError, ArchiveFileError, JournalUnavailableError, TileError, Error)


def _days(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= 36500:  # noqa: PLR2004 - a hundred years
        raise ArgumentTypeError("must be a number of days, 1 to 36500")
    return int(text)


class Command(DatabaseCommand):
    help = (
        "Move rows of the audit log that are older than SNAPPORTAL_ARCHIVE_AFTER_DAYS into files in SNAPPORTAL_ARCHIVE_DIR. "
        "Each file is verified and recorded in the log before its rows are deleted. A run that was stopped is continued."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--older-than-days", type=_days, help="instead of SNAPPORTAL_ARCHIVE_AFTER_DAYS, for this run"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        days = options["older_than_days"] or settings.SNAPPORTAL_ARCHIVE_AFTER_DAYS
        folder = Path(settings.SNAPPORTAL_ARCHIVE_DIR)
        older_than = datetime.now(UTC) - timedelta(days=days) if days else None
        count = 0
        try:
            for step in run.archive_log(actor=COMMAND_ACTOR, folder=folder, older_than=older_than):
                self._report(step)
                count += 1
        except FAILURES as error:
            raise CommandError(f"No more rows were archived: {error}") from error
        if not days:
            self.stdout.write("SNAPPORTAL_ARCHIVE_AFTER_DAYS is 0: rows are never archived.")
        elif not count:
            self.stdout.write(
                "No row is due: rows are archived by 256, when they are old enough, in a checkpoint and sent to all streams."
            )

    def _report(self, step: Step) -> None:
        archive = step.archive
        if step.is_new:
            self.stdout.write(f"Rows {archive.first} to {archive.last} are in {archive.file_name}.")
        self.stdout.write(f"{step.deleted} rows of {archive.file_name} left the database.")
