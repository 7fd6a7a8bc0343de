"""manage.py show_log_key: prints the public keys with which anybody can verify the audit log's checkpoints."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from snapshots.audit import checkpoints


class Command(BaseCommand):
    help = "Print the public key of each signing key, newest first, in the form that C2SP calls vkey. They are not secret."

    def handle(self, *args: Any, **options: Any) -> None:
        keys = checkpoints.public_keys()
        if not keys:
            raise CommandError("SNAPPORTAL_LOG_SIGNING_KEYS is empty")
        for key in keys:
            self.stdout.write(key.vkey)
