"""manage.py hold_audit: keeps rows of the audit log in the database, although they are archived (a legal hold)."""

from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import CommandError, CommandParser

from snapshots.audit import holds
from snapshots.audit.hold_models import Hold, Scope, ScopeError, parse_scope
from snapshots.audit.journal import JournalUnavailableError
from snapshots.audit.management.accept_command import REASON_LENGTH, account
from snapshots.audit.management.database_command import DatabaseCommand
from snapshots.audit.queries import COUNT_LIMIT
from snapshots.audit.verification import COMMAND_ACTOR
from snapshots.contract import clean_reason


def _scope(text: str) -> Scope:
    try:
        return parse_scope(text)
    except ScopeError:
        raise ArgumentTypeError(
            "must be 'server 12', 'person 3', 'operation <ID>' or 'rows 5 to 90'"
        ) from None


class Command(DatabaseCommand):
    help = "Place a legal hold: the rows that it names stay in the database until the hold is lifted."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "scope", type=_scope, help="'server 12', 'person 3', 'operation <ID>' or 'rows 5 to 90'"
        )
        parser.add_argument(
            "--name", required=True, help="a name for the hold, such as the number of the case"
        )
        parser.add_argument(
            "--reason", required=True, help="why; the reason is stored in the log permanently"
        )
        parser.add_argument("--by", default=account(), help="who places it (default: %(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        name, reason, by = (clean_reason(options[one], REASON_LENGTH) for one in ("name", "reason", "by"))
        if not name or not reason or not by:
            raise CommandError("Nothing was written: give a name, a reason, and who places the hold.")
        try:
            hold = holds.place(actor=COMMAND_ACTOR, scope=options["scope"], name=name, reason=reason, by=by)
        except JournalUnavailableError as error:
            raise CommandError(f"No hold was placed: {error}") from error
        self._report(hold)

    def _report(self, hold: Hold) -> None:
        held, rows = holds.name_of(hold), holds.count_rows(hold)
        held = f"{hold} ({held})" if held else str(hold)
        words = f"more than {COUNT_LIMIT}" if rows.count > COUNT_LIMIT else str(rows.count)
        if not rows.is_all and rows.count <= COUNT_LIMIT:
            words = f"at least {rows.count}"
        self.stdout.write(
            f"The hold on {held} is placed in row {hold.placed_in}. Rows that it keeps now: {words}."
        )
        if rows.is_none:
            self.stderr.write(
                "No row in the database is under this hold. If the number is wrong, lift it and place another."
            )
