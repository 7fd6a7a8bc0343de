"""The base class of the three accept_… commands.

No page offers this: a person who may run management commands has access to the key already.
"""

import getpass
import os
from abc import abstractmethod
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import Error

from snapshots.audit import accept_damage, anchors, checkpoints, tiles, tolerant_rows, verification
from snapshots.audit.accept_damage import AcceptanceError, Finding
from snapshots.audit.chain import Anchor
from snapshots.audit.journal import JournalUnavailableError
from snapshots.audit.management.database_command import DatabaseCommand
from snapshots.contract import clean_reason

REASON_LENGTH = 2000


def account() -> str:
    """The operating system account that runs the command; the account that called sudo, if known."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


class AcceptCommand(DatabaseCommand):
    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--reason", required=True, help="why it is accepted; the reason is stored in the log permanently"
        )
        parser.add_argument("--by", default=account(), help="who accepts it (default: %(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        reason, by = (clean_reason(options[name], REASON_LENGTH) for name in ("reason", "by"))
        if not reason or not by:
            raise CommandError("Nothing was written: give a reason, and who accepts it.")
        if not settings.SNAPPORTAL_AUDIT_KEYS:
            raise CommandError("Nothing was written: SNAPPORTAL_AUDIT_KEYS is empty.")
        try:
            finding = self.find()
            accept_damage.accept(finding, reason=reason, by=by)
        except (
            AcceptanceError,
            JournalUnavailableError,
            anchors.AnchorError,
            checkpoints.CheckpointError,
            tiles.TileError,
            tolerant_rows.UnreadableError,
            verification.WrongKeyError,
            Error,
        ) as error:
            raise CommandError(f"Nothing was written: {error}") from error
        self.stdout.write(f"Accepted by {by}: {finding.description}. Now run manage.py verify_audit.")

    @abstractmethod
    def find(self) -> Finding:
        """The damage to accept. Raises AcceptanceError."""

    def read_anchors(self) -> list[Anchor]:
        path = Path(settings.SNAPPORTAL_ANCHOR_FILE)
        return anchors.read_anchors(path, on_truncated=self._warn_truncated) if path.exists() else []

    def _warn_truncated(self, number: int) -> None:
        self.stderr.write(f"Line {number} of the anchors was never written to its end, and is left out.")
