"""manage.py reseal_tokens: re-encrypts every stored token, and every other row that is sealed with the same keys.

It is safe to run while the portal runs, and to run again.
"""

from typing import Any

from django.core.management.base import CommandError

from snapshots.audit.management.database_command import DatabaseCommand
from snapshots.vault import sealed_rows, tokens
from snapshots.vault.crypto import SealError
from snapshots.vault.models import StoredToken
from snapshots.vault.sealed_rows import SealedRows


class Command(DatabaseCommand):
    help = (
        "Decrypt every stored token and encrypt it again with the first key of SNAPPORTAL_TOKEN_KEYS, so that older keys "
        "can be removed. Exit code 1: some tokens could not be decrypted; they are listed."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        tokens_rows = SealedRows("token", StoredToken.objects.order_by("pk").iterator, tokens.reseal)
        resealed = current = 0
        unopened = []
        for kind in (tokens_rows, *sealed_rows.registered()):
            for stored in kind.rows():
                try:
                    done = kind.reseal(stored)
                except SealError as error:
                    unopened.append(f"  {kind.name} {stored.pk} (sealed with {stored.key_id}): {error}")
                    continue
                resealed += done
                current += not done
        self.stdout.write(
            f"{resealed} sealed anew, {current} were so already, {len(unopened)} could not be opened."
        )
        if unopened:
            lines = "\n".join(unopened)
            raise CommandError(
                "Keep all keys, and compare them with your copies: these were sealed with a key that is missing, "
                f"or a wrong key stands under its ID. If the key is lost, tokens and addresses must be "
                f"stored again, and an authenticator belongs to somebody whose second factors must be reset:\n{lines}"
            )
