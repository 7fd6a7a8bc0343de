"""Authenticator apps (TOTP, RFC 6238): the secret, its encryption, and codes that are good once."""

import hmac
from datetime import timedelta
from typing import Final

import pyotp
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from snapportal.accounts.factors.models import Authenticator
from snapportal.accounts.models import User
from snapshots.vault import crypto, tokens
from snapshots.vault.crypto import Binding, SealError
from snapshots.vault.sealed_rows import check_key, seal_again

ISSUER: Final = "SnapPortal"
STEP_SECONDS: Final = 30
DRIFT_STEPS: Final = 1
"""How many steps a clock may be behind or ahead."""
SET_UP_FOR: Final = timedelta(minutes=15)
"""How long a secret that was shown can be confirmed."""


def _binding(row: Authenticator) -> Binding:
    return Binding(Authenticator._meta.db_table, "sealed", str(row.pk), row.person_id)


def _opens(row: Authenticator) -> bool:
    try:
        open_secret(row)
    except SealError:
        return False
    return True


def check_keys(using: str = DEFAULT_DB_ALIAS) -> None:
    """Raises KeyMismatchError when a key of the ring opens none of the secrets that were sealed under its ID."""
    for key_id in settings.SNAPPORTAL_TOKEN_KEYS:
        check_key(key_id, Authenticator.objects.using(using), _opens, "authenticator")


def _seal(row: Authenticator, secret: str) -> None:
    """Raises SealError, also when the first key is a wrong key under the right ID."""
    tokens.check_keys()
    check_keys()
    row.key_id, row.sealed = crypto.seal(secret, ring=settings.SNAPPORTAL_TOKEN_KEYS, binding=_binding(row))


def open_secret(row: Authenticator) -> str:
    """The secret in base32. Raises SealError."""
    return crypto.open_sealed(
        bytes(row.sealed),
        key_id=row.key_id,
        ring=settings.SNAPPORTAL_TOKEN_KEYS,
        binding=_binding(row),
    )


def all_rows() -> QuerySet[Authenticator]:
    return Authenticator.objects.order_by("pk")


def reseal(row: Authenticator) -> bool:
    """Encrypt with the first key. False if it is so already, or the row was changed meanwhile. Raises SealError."""
    return seal_again(row, open_secret(row), _seal)


def find(person: User) -> Authenticator | None:
    """The person's app."""
    return Authenticator.objects.filter(person=person, confirmed_at__isnull=False).first()


def find_set_up(person: User) -> Authenticator | None:
    """The set-up under way, if its time is not over."""
    return Authenticator.objects.filter(
        person=person, confirmed_at=None, created_at__gt=timezone.now() - SET_UP_FOR
    ).first()


def begin_set_up(person: User, session: str = "") -> Authenticator:
    """The set-up under way in the session with this mark, or a new one with a new secret. Raises SealError.

    A secret that was shown in another session is not offered again: whoever was signed in there may have kept it.
    """
    found = find_set_up(person)
    if found is not None and found.set_up_in == session and _opens(found):
        return found
    row = Authenticator(person=person, set_up_in=session, created_at=timezone.now())
    _seal(row, pyotp.random_base32())
    try:
        with transaction.atomic():
            Authenticator.objects.filter(person=person, confirmed_at=None).delete()
            row.save(force_insert=True)
    except IntegrityError:  # another request has begun it at the same moment
        return Authenticator.objects.get(person=person, confirmed_at=None)
    return row


def address_of(row: Authenticator) -> str:
    """What the QR code holds. Raises SealError."""
    return pyotp.TOTP(open_secret(row)).provisioning_uri(name=row.person.username, issuer_name=ISSUER)


def step_of(row: Authenticator, code: str) -> int | None:
    """The step of which this is the code, if that is not too far from now. Raises SealError."""
    typed = "".join(code.split())
    app = pyotp.TOTP(open_secret(row), interval=STEP_SECONDS)
    now = int(timezone.now().timestamp()) // STEP_SECONDS
    steps = [
        step
        for step in range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1)
        if hmac.compare_digest(app.generate_otp(step).encode(), typed.encode())
    ]
    return steps[-1] if steps else None


def use(row: Authenticator, code: str) -> bool:
    """Whether the code is right and has not been used. Of several requests with the same one, one gets True."""
    step = step_of(row, code)
    if step is None:
        return False
    unused = Authenticator.objects.filter(pk=row.pk, last_step__lt=step, confirmed_at__isnull=False)
    return unused.update(last_step=step, last_used_at=timezone.now()) == 1


def confirm(row: Authenticator, code: str) -> bool:
    """End the set-up with a code of the app; it takes the place of an app that the person had. Only inside a transaction."""
    step = step_of(row, code)
    if step is None:
        return False
    now = timezone.now()
    Authenticator.objects.filter(person=row.person_id, confirmed_at__isnull=False).delete()
    waiting = Authenticator.objects.filter(pk=row.pk, confirmed_at=None)
    return waiting.update(confirmed_at=now, last_used_at=now, last_step=step) == 1
