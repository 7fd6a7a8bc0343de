"""Recovery codes: for somebody who has lost the phone. Each is good once, and only its digest is stored."""

import hashlib
import re
import secrets
from typing import Final

from snapportal.accounts.factors.models import RecoveryCode
from snapportal.accounts.models import User
from snapshots.vault.models import ALPHABET

COUNT: Final = 10
GROUPS: Final = 4
GROUP_LENGTH: Final = 4
"""16 of 32 signs are 80 bits: a plain digest of them cannot be reversed by trying."""


def _new_code() -> str:
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(GROUP_LENGTH)) for _ in range(GROUPS))
    return "-".join(groups)


def _digest(person: User, code: str) -> str:
    signs = re.sub(r"[^a-z0-9]", "", code.lower())
    return hashlib.sha256(f"recovery:{person.pk}:{signs}".encode()).hexdigest()


def make(person: User) -> list[str]:
    """New codes; the old ones are void. To be shown once. Only inside a transaction."""
    codes = [_new_code() for _ in range(COUNT)]
    RecoveryCode.objects.filter(person=person).delete()
    RecoveryCode.objects.bulk_create(
        RecoveryCode(person=person, digest=_digest(person, code)) for code in codes
    )
    return codes


def use(person: User, code: str) -> bool:
    """Whether it was good until now. Of several requests with the same one, one gets True."""
    found = RecoveryCode.objects.filter(person=person, digest=_digest(person, code))
    return found.delete()[0] == 1


def left(person: User) -> int:
    return RecoveryCode.objects.filter(person=person).count()
