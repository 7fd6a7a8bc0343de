"""manage.py lift_hold: lifts a legal hold, so that its archived rows may leave the database."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from snapshots.audit import holds
from snapshots.audit.journal import JournalUnavailableError
from snapshots.audit.management.accept_command import REASON_LENGTH, account
from snapshots.audit.management.database_command import DatabaseCommand
from snapshots.audit.verification import COMMAND_ACTOR
from snapshots.contract import clean_reason


class Command(DatabaseCommand):
    help = "Lift a legal hold. The next run of archive_audit deletes its rows that are archived."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("row", type=int, help="the row that placed the hold")
        parser.add_argument(
            "--reason", required=True, help="why; the reason is stored in the log permanently"
        )
        parser.add_argument("--by", default=account(), help="who lifts it (default: %(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        reason, by = (clean_reason(options[one], REASON_LENGTH) for one in ("reason", "by"))
        if not reason or not by:
            raise CommandError("Nothing was written: give a reason, and who lifts the hold.")
        try:
            hold = holds.lift(actor=COMMAND_ACTOR, placed_in=options["row"], reason=reason, by=by)
        except (holds.HoldError, JournalUnavailableError) as error:
            raise CommandError(f"No hold was lifted: {error}") from error
        self.stdout.write(f"The hold on {hold} is lifted in row {hold.lifted_in}.")
