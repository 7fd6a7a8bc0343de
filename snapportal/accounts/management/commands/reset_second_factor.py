"""Reset the second factors of a person who has lost them, such as the last admin."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from snapportal.accounts.factors import service
from snapportal.accounts.management.commands.add_person import COMMAND_LINE, check_database
from snapportal.accounts.management.commands.erase_person import find_person
from snapshots.audit.management.writing_command import WritingCommand
from snapshots.contract import clean_reason


class Command(WritingCommand):
    help = "Delete the second factors of a person who has lost them, and end the person's sessions."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("person", help="the sign-in name or the number")
        parser.add_argument("--reason", required=True, help="why; it stays in the log")

    def handle(self, *args: Any, **options: Any) -> None:
        check_database()
        person = find_person(options["person"])
        reason = clean_reason(options["reason"])
        if not reason:
            raise CommandError("Give a reason. Nothing was reset.")
        if not service.reset(actor=COMMAND_LINE, person=person, reason=reason):
            raise CommandError(f"{person.username} has no second factor. Nothing was reset.")
        self.stdout.write(f"{person.username} signs in with the password alone now.")
