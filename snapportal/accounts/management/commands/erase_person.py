"""Erase a person who has left: the name and addresses everywhere, the account and the tokens."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from snapportal.accounts import erasure
from snapportal.accounts.management.commands.add_person import COMMAND_LINE, check_database
from snapportal.accounts.models import User
from snapportal.accounts.people import PersonError
from snapshots.audit.management.writing_command import WritingCommand
from snapshots.contract import clean_reason


def find_person(typed: str) -> User:
    """The person with this sign-in name or, if nobody has it, this number. Raises CommandError."""
    person = User.objects.filter(username=User.normalize_username(typed)).first()
    if person is None and typed.isdecimal() and len(typed) < 19:  # noqa: PLR2004 - fits the column
        person = User.objects.filter(pk=int(typed)).first()
    if person is None:
        raise CommandError("There is nobody with this sign-in name or number.")
    return person


class Command(WritingCommand):
    help = "Erase a person who has left, irrevocably. Shows what will be erased, and asks."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("person", help="the sign-in name or the number")
        parser.add_argument(
            "--reason", required=True, help="why; it stays in the log, so do not name the person"
        )
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        check_database()
        person = find_person(options["person"])
        if not clean_reason(options["reason"]):
            raise CommandError("Give a reason. Nothing was erased.")
        try:
            erasure.check_may_erase(person, actor=COMMAND_LINE)
            self._describe(person)
            if not options["yes"] and input("Type the sign-in name to erase: ") != person.username:
                raise CommandError("Nothing was erased.")
            row = erasure.erase_person(person, reason=options["reason"], actor=COMMAND_LINE)
        except PersonError as error:
            raise CommandError(f"{error} Nothing was erased.") from None
        self.stdout.write(f"Person {person.pk} is erased; row {row.sequence} of the audit log records it.")

    def _describe(self, person: User) -> None:
        found = erasure.find(person)
        self.stdout.write(
            f"Person {person.pk}: {', '.join(found.names)}\n"
            f"Erased will be: the account, {found.subjects} names and addresses of the audit log, {found.tokens} tokens, "
            f"{found.api_keys} API keys, the name in {found.operations} operations.\n"
            "Texts that people typed stay, and so do backups and exports that have left the portal."
        )
