"""Fill the sandbox with example accounts, servers and snapshots."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from snapshots.audit.management.database_command import DatabaseCommand
from snapshots.sandbox.demo_data import OTHER_EMAIL, TEAM_EMAIL, fill, issue_token
from snapshots.sandbox.provider import PERMISSIONS, SEE_SERVERS

REAL_PROVIDER = (
    "SNAPPORTAL_API_URL is set: this portal asks the provider at that address, which knows neither the sandbox's servers "
    "nor its tokens. Make an API token in your account there, or unset SNAPPORTAL_API_URL to use the sandbox. If "
    "serve_sandbox answers at that address, let it write a token: manage.py serve_sandbox --token-file FILE"
)


class Command(DatabaseCommand):
    help = "Fill the sandbox with example accounts, servers and snapshots. Existing data is not changed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--issue-token", metavar="NAME", help="also create a new token and print it once")
        parser.add_argument("--account", default=TEAM_EMAIL, choices=[TEAM_EMAIL, OTHER_EMAIL])
        parser.add_argument(
            "--without-servers", action="store_true", help="the token may not read the list of servers"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SANDBOX:
            raise CommandError(REAL_PROVIDER)
        with transaction.atomic():
            account = fill()
            self.stdout.write(f"The sandbox holds {account} with {account.servers.count()} servers.")
            if options["issue_token"]:
                allowed = [
                    permission
                    for permission in PERMISSIONS
                    if not (options["without_servers"] and permission == SEE_SERVERS)
                ]
                self.stdout.write(issue_token(options["account"], options["issue_token"], allowed))
