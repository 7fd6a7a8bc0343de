"""manage.py show_log_key: prints the public keys with which anybody can verify the audit log's checkpoints."""

from typing import Any

from django.core.management.base import CommandError
from django.db import Error

from snapshots.audit import checkpoints
from snapshots.audit.management.database_command import DatabaseCommand


class Command(DatabaseCommand):
    help = "Print the public key of each signing key, newest first, in the form that C2SP calls vkey. They are not secret."

    def handle(self, *args: Any, **options: Any) -> None:
        keys = checkpoints.public_keys()
        if not keys:
            raise CommandError("SNAPPORTAL_LOG_SIGNING_KEYS is empty")
        self._check()
        for key in keys:
            self.stdout.write(key.vkey)

    def _check(self) -> None:
        """Raises CommandError when these are not the keys of this log, as its newest checkpoint tells."""
        try:
            other = checkpoints.signed_by_others()
        except Error as error:
            self.stderr.write(f"The keys could not be compared with the checkpoints: {error}")
            return
        if other is not None:
            raise CommandError(
                f"None of the keys signed the newest checkpoint, {other.number}: put back the key that did. If it is lost or "
                "was changed on purpose, run manage.py checkpoint_audit, which signs with the present keys, then this again."
            )
