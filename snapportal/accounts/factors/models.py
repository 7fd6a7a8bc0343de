"""What people have as second factors."""

import uuid
from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q

NAME_LENGTH: Final = 60


class Authenticator(models.Model):
    """An app that shows one-time codes. Its secret is encrypted, bound to this row; see authenticator.py.

    A row that is not confirmed is a set-up under way: it proves nothing. A person has at most one of each.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="authenticators"
    )
    sealed = models.BinaryField()
    key_id = models.CharField(max_length=16)
    created_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    set_up_in = models.CharField(max_length=16, blank=True)
    """The mark of the session in which it is set up: nobody else may know the secret."""
    last_step = models.BigIntegerField(default=0)
    """The time step of the newest code that was accepted: no code of this step or an earlier one is accepted again."""

    class Meta:
        db_table = "authenticator"
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(confirmed_at__isnull=False), name="authenticator_once"
            ),
            models.UniqueConstraint(
                fields=["person"], condition=Q(confirmed_at__isnull=True), name="authenticator_set_up_once"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class RecoveryCode(models.Model):
    """A code that has not been used: its row is deleted with its use. Only a digest is stored."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="recovery_codes"
    )
    digest = models.CharField(max_length=64, unique=True)

    class Meta:
        db_table = "recovery_code"

    def __str__(self) -> str:
        return self.digest[:8]


class Passkey(models.Model):
    """A credential of WebAuthn: the public key of a device, or of what keeps passkeys for several devices."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="passkeys")
    name = models.CharField(max_length=NAME_LENGTH)
    host = models.CharField(max_length=253)
    """The host name (RP ID) for which it was made: browsers offer it there alone."""
    credential_id = models.CharField(max_length=1400, unique=True)
    """In base64url."""
    credential = models.BinaryField()
    """The attested credential data: authenticator model, credential ID, public key."""
    sign_count = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "passkey"
        ordering = ["created_at"]
        constraints = [models.UniqueConstraint(fields=["person", "name"], name="passkey_name")]

    def __str__(self) -> str:
        return self.name


class WrongCode(models.Model):
    """A wrong code of an authenticator app, counted for its person whatever the address it came from; see code_limit.py."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        db_table = "wrong_code"
        indexes = [models.Index(fields=["person", "at"], name="wrong_code_person")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.at}"
