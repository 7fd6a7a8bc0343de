"""manage.py check_single_sign_on: checks the identity provider, and says what to register there."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from snapportal.accounts.management.commands.add_person import portal_url
from snapportal.accounts.oidc.check import check


class Command(BaseCommand):
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
        try:
            for finding in check(portal_url(options["url"])):
                has_failed |= finding.is_failure
                self.stdout.write(f"{finding.mark:<5} {finding.step}: {finding.text}")
                if finding.advice:
                    self.stdout.write(f"      -> {finding.advice}")
        except DatabaseError as error:
            raise CommandError(f"The database cannot be read: {error}") from None
        if has_failed:
            raise CommandError("Something that is needed is not fine: see the lines marked FAIL.")
        self.stdout.write("All that is needed is fine.")
