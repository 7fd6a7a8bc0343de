"""Read the provider's lists with the tokens of all open operations, and reconcile what they prove."""

from typing import Any

from snapshots.audit.management.writing_command import WritingCommand
from snapshots.operations import reconciliation
from snapshots.operations.models import Operation
from snapshots.operations.reconciliation import read_and_reconcile_all
from snapshots.vault.models import StoredToken

RUN_SECONDS = 45.0
"""Ends a run before cron starts the next one, even if the provider hangs for many tokens."""


class Command(WritingCommand):
    help = "Reconcile open operations with the provider's lists. Run it every minute, so that this does not wait for a page view."

    def handle(self, *args: Any, **options: Any) -> None:
        before = Operation.objects.open().count()
        reconciliation.close_abandoned()
        for token, reading in read_and_reconcile_all(self._tokens(), seconds=RUN_SECONDS, fresh=True):
            if reading.error:
                self.stdout.write(f"The provider could not be read with “{token.label}”: {reading.error}.")
        unknown = Operation.objects.unknown().count()
        after = Operation.objects.open().count()
        self.stdout.write(f"{before} open, {before - after} settled, {after} still open ({unknown} unknown).")

    def _tokens(self) -> list[StoredToken]:
        """One stored token for each fingerprint that has open operations."""
        fingerprints = Operation.objects.open().values_list("token_fingerprint", flat=True).distinct()
        found = []
        for fingerprint in list(fingerprints):
            token = StoredToken.objects.filter(fingerprint=fingerprint).first()
            if token is not None:
                found.append(token)
                continue
            self.stdout.write(f"No stored token {fingerprint[:8]} any more: its operations need a person.")
        return found
