"""manage.py check_single_sign_on: checks the identity provider, and says what to register there."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from snapportal.accounts.management.commands.add_person import portal_url
from snapportal.accounts.oidc.check import check
from snapshots.audit.management.database_command import DatabaseCommand


class Command(DatabaseCommand):
    help = (
        "Check the way to the identity provider: discovery, keys, clock, client, and the emergency accounts; print the redirect "
        "URI to register there. Exit code 0: all that is needed is fine; 1: something is not. No secret is printed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--url", default="", help="the portal's address, if not the first of ALLOWED_HOSTS"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.SNAPPORTAL_OIDC is None:
            raise CommandError("There is no identity provider: SNAPPORTAL_OIDC_ISSUER is not set.")
        has_failed = False
        for finding in check(portal_url(options["url"])):
            has_failed |= finding.is_failure
            self.stdout.write(f"{finding.mark:<5} {finding.step}: {finding.text}")
            if finding.advice:
                self.stdout.write(f"      -> {finding.advice}")
        if has_failed:
            raise CommandError("Something that is needed is not fine: see the lines marked FAIL.")
        self.stdout.write("All that is needed is fine.")
