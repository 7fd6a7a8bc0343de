"""Invite a person from the command line: the first admin, or an admin who forgot the password (`--renew`)."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.db import connection
from django.urls import reverse

from snapportal.accounts import people
from snapportal.accounts.models import Role, User
from snapportal.accounts.ways_in import may_use_password
from snapshots.audit.entry_data import COMMAND_LINE_NAME
from snapshots.audit.journal import Actor
from snapshots.audit.management.database_errors import MAKE_DATABASE
from snapshots.audit.management.writing_command import WritingCommand
from snapshots.notifications.pages import lacks_public_address, portal_origin

ONLY_HERE = (
    "No public address of the portal is set, so the link opens on this machine only. Name the portal's own host first in "
    "SNAPPORTAL_ALLOWED_HOSTS, or give its address with --url."
)
COMMAND_LINE = Actor(id=None, name=COMMAND_LINE_NAME, role="", channel="command")


def portal_url(given: str = "") -> str:
    """The portal's URL with a slash at the end: from `given`, else from the settings.

    `given` may contain the path under which the portal is served, or not.
    """
    base: str = settings.SNAPPORTAL_BASE_PATH
    if given:
        return f"{given.rstrip('/').removesuffix(base.rstrip('/'))}{base}"
    return f"{portal_origin()}{base}"


def check_database() -> None:
    """Raises CommandError when the database lacks the portal's tables, Error when it cannot be asked."""
    if User._meta.db_table not in connection.introspection.table_names():
        raise CommandError(MAKE_DATABASE)


class Command(WritingCommand):
    help = "Invite a person and print the one-time link for setting a password."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", help="the sign-in name")
        parser.add_argument("--role", choices=Role.values, default=Role.VIEWER.value)
        parser.add_argument("--name", default="", help="the name that others see; else the sign-in name")
        parser.add_argument("--email", default="")
        parser.add_argument(
            "--renew", action="store_true", help="a new link for somebody who is there already"
        )
        parser.add_argument(
            "--url", default="", help="the portal's address, if not the first of ALLOWED_HOSTS"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        check_database()
        key = self.renew(options["username"]) if options["renew"] else self.invite(options)
        if not may_use_password(User.objects.get_by_natural_key(options["username"])):
            self.stdout.write(
                "Added. No link is needed: single sign-on recognises a verified e-mail address."
            )
            return
        if lacks_public_address() and not options["url"]:
            self.stdout.write(ONLY_HERE)
        path = reverse("invitation_accept", args=[key]).removeprefix(settings.SNAPPORTAL_BASE_PATH)
        self.stdout.write(f"This link works once and for three days:\n{portal_url(options['url'])}{path}")

    def invite(self, options: dict[str, Any]) -> str:
        username = User.normalize_username(options["username"])
        person = User(
            username=username, name=options["name"] or username, email=options["email"], role=options["role"]
        )
        person.set_unusable_password()
        try:
            person.full_clean()
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from None
        try:
            return people.invite(person, actor=COMMAND_LINE)[1]
        except people.PersonError as error:
            raise CommandError(str(error)) from None

    def renew(self, username: str) -> str:
        try:
            return people.renew_invitation(User.objects.get_by_natural_key(username), actor=COMMAND_LINE)
        except User.DoesNotExist:
            raise CommandError(f"There is nobody with the sign-in name {username}.") from None
        except people.PersonError as error:
            raise CommandError(str(error)) from None
