"""manage.py reseal_tokens: re-encrypts every stored token with the first key of SNAPPORTAL_TOKEN_KEYS.

It is safe to run while the portal runs, and to run again.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from snapshots.vault import tokens
from snapshots.vault.crypto import SealError
from snapshots.vault.models import StoredToken


class Command(BaseCommand):
    help = (
        "Decrypt every stored token and encrypt it again with the first key of SNAPPORTAL_TOKEN_KEYS, so that older keys "
        "can be removed. Exit code 1: some tokens could not be decrypted; they are listed."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        resealed = current = 0
        unopened = []
        for stored in StoredToken.objects.order_by("pk").iterator():
            try:
                done = tokens.reseal(stored)
            except SealError as error:
                unopened.append(f"  {stored.pk} (sealed with {stored.key_id}): {error}")
                continue
            resealed += done
            current += not done
        self.stdout.write(
            f"{resealed} sealed anew, {current} were so already, {len(unopened)} could not be opened."
        )
        if unopened:
            lines = "\n".join(unopened)
            raise CommandError(
                "Keep all keys, and compare them with your copies: these tokens were sealed with a key that is missing, "
                f"or a wrong key stands under its ID. If the key is lost, their owners must store them again:\n{lines}"
            )
