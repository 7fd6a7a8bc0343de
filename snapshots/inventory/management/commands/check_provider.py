"""manage.py check_provider: checks the connection to the provider and what a token may read."""

import argparse
import getpass
import sys
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from snapshots import connection
from snapshots.audit import journal
from snapshots.audit.management.database_command import DatabaseCommand
from snapshots.audit.verification import COMMAND_ACTOR
from snapshots.inventory import provider_check
from snapshots.inventory.provider_check import FAIL, NOTE, OK, Finding
from snapshots.upstream.client import SnapshotClient
from snapshots.upstream.probe import Probe
from snapshots.vault import pasted
from snapshots.vault.crypto import SealError
from snapshots.vault.models import StoredToken
from snapshots.vault.pasted import Pasted

SANDBOX: Final = Finding(
    OK,
    "Provider",
    "the sandbox in this process, as SNAPPORTAL_API_URL is not set: no address, connection, certificate or clock to check",
)
NO_TOKEN: Final = Finding(
    NOTE,
    "Token",
    "none given, so what it may see is not checked",
    "Give one with --token-file FILE, --token - (standard input) or --stored ID.",
)
ON_THE_COMMAND_LINE: Final = (
    "A token must not stand on the command line: other people of this machine and the shell's history see it. If one stood "
    "there just now, revoke it. Use --token-file FILE, or --token - and give it on standard input."
)


class Command(DatabaseCommand):
    help = (
        "Check the way to the provider: address, connection, certificate, clock and API; with a token also what it may see. "
        "Exit code 0: all that is needed is fine; 1: something is not. The token is never printed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        tokens = parser.add_mutually_exclusive_group()
        tokens.add_argument("--token-file", metavar="FILE", help="check the token in this file")
        tokens.add_argument("--token", metavar="-", help="check the token on standard input")
        tokens.add_argument("--stored", metavar="ID", help="check a stored token; the audit log records it")
        parser.add_argument("rest", nargs="*", help=argparse.SUPPRESS)  # argparse would print it in its error

    def handle(self, *args: Any, **options: Any) -> None:
        if options["rest"] or options["token"] not in {None, "-"}:
            raise CommandError(ON_THE_COMMAND_LINE)
        stored = find_stored(options["stored"]) if options["stored"] else None
        given = read_token(options)
        self.has_failed = False
        if self.check_connection():
            self.check_token(given, stored)
        if self.has_failed:
            raise CommandError("Something that is needed is not fine: see the lines marked FAIL.")
        self.stdout.write("All that is needed is fine.")

    def report(self, finding: Finding) -> None:
        self.has_failed |= finding.is_failure
        self.stdout.write(f"{finding.mark:<5} {finding.step}: {finding.text}")
        if finding.advice:
            self.stdout.write(f"      -> {finding.advice}")

    def check_connection(self) -> bool:
        """Whether it makes sense to ask with a token then."""
        url = settings.SNAPPORTAL_API_URL
        if not url:
            self.report(SANDBOX)
            return True
        seconds = settings.SNAPPORTAL_API_TIMEOUT_SECONDS
        self.report(Finding(OK, "Provider", f"{url}, with at most {seconds:g} seconds for each step"))
        try:
            probe = Probe(url, timeout_seconds=seconds)
        except UnicodeError:
            raise CommandError(f"This address has no host name. {provider_check.CHECK_URL}") from None
        is_stopped = False
        for finding in provider_check.check_connection(probe):
            self.report(finding)
            is_stopped |= finding.stops
        return not is_stopped

    def check_token(self, given: Pasted | None, stored: StoredToken | None) -> None:
        if stored is not None:
            self.record(stored, self.check_stored(stored))
        elif given is not None:
            if given.left_off:
                self.report(Finding(NOTE, "Token", f"read without its {', '.join(given.left_off)}"))
            self.check_with(connection.client_with(given.token))
        else:
            self.report(NO_TOKEN)

    def check_stored(self, stored: StoredToken) -> str:
        try:
            client = connection.client_for(stored)
        except SealError as error:
            advice = "Put its key back into SNAPPORTAL_TOKEN_KEYS, or have the token entered again."
            self.report(Finding(FAIL, "Token", f"“{stored.label}” cannot be decrypted: {error}", advice))
            return "sealed"
        return self.check_with(client)

    def check_with(self, client: SnapshotClient) -> str:
        """Report what the token may read. Returns the first step's error code, or ''."""
        codes = []
        for code, finding in provider_check.check_token(client):
            self.report(finding)
            codes.append(code)
        return codes[0]

    def record(self, stored: StoredToken, code: str) -> None:
        """Record in the audit log that a stored token was used, as for a check in the browser."""
        entry = COMMAND_ACTOR.entry(
            action="token.check",
            target=str(stored.user),
            target_person_id=stored.user_id,
            token_label=stored.label,
            token_fingerprint=stored.fingerprint,
            result="refused" if code else "completed",
            code=code,
        )
        try:
            journal.record(entry)
        except journal.JournalUnavailableError as error:
            advice = "Nothing can be done in the portal until the log can be written: see /readyz."
            self.report(Finding(FAIL, "Audit log", f"this check could not be recorded: {error}", advice))


def read_token(options: dict[str, Any]) -> Pasted | None:
    """The token of --token-file or standard input; None if neither is asked for. Raises CommandError."""
    if not options["token_file"] and not options["token"]:
        return None
    try:
        text = Path(options["token_file"]).read_text("utf-8") if options["token_file"] else read_input()
    except OSError as error:
        raise CommandError(f"The token cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CommandError("The token cannot be read: it is no text.") from None
    found = pasted.clean(text.strip())
    if not found.token:
        raise CommandError("The token is empty.")
    return found


def read_input() -> str:
    return getpass.getpass("Token: ") if sys.stdin.isatty() else sys.stdin.read()


def find_stored(token_id: str) -> StoredToken:
    """The stored token with this id. Raises CommandError, which lists the stored tokens."""
    tokens = {one.pk: one for one in StoredToken.objects.select_related("user")}
    if token_id not in tokens:
        lines = [f"  {one.pk}  {one.label} ({one.user})" for one in tokens.values()]
        raise CommandError("\n".join(["There is no stored token with this ID. There are:", *lines]))
    return tokens[token_id]
