"""Read the provider's lists with the tokens of all open operations, and reconcile what they prove."""

from typing import Any

from snapshots.audit.management.writing_command import WritingCommand
from snapshots.operations import following, reconciliation
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
        readings = read_and_reconcile_all(
            self._tokens(), seconds=RUN_SECONDS, fresh=True, closes_abandoned=False
        )
        for token, reading in readings:
            if reading.error:
                self.stdout.write(f"The provider could not be read with “{token.label}”: {reading.error}.")
        unknown = Operation.objects.unknown().count()
        after = Operation.objects.open().count()
        self.stdout.write(f"{before} open, {before - after} settled, {after} still open ({unknown} unknown).")

    def _tokens(self) -> list[StoredToken]:
        tokens = following.tokens_of_open()
        for fingerprint, token in tokens.items():
            if token is None:
                self.stdout.write(
                    f"No stored token {fingerprint[:8]} any more: its operations need a person."
                )
        return [token for token in tokens.values() if token is not None]
