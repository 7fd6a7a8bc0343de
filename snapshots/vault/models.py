"""Stored tokens: encrypted at rest, decrypted only to build a provider client."""

import secrets

from django.conf import settings
from django.db import models

from snapshots.vault.limits import Limits

ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


def new_token_id() -> str:
    """A random ID, used in URLs. It exists before the row is inserted, because the encryption is bound to it."""
    return "".join(secrets.choice(ALPHABET) for _ in range(10))


class StoredToken(models.Model):
    """One provider token of one user."""

    id = models.CharField(primary_key=True, max_length=12, default=new_token_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="stored_tokens")
    label = models.CharField(max_length=80)
    sealed = models.BinaryField()
    key_id = models.CharField(max_length=16)
    fingerprint = models.CharField(max_length=64, db_index=True)
    hint = models.CharField(max_length=8)

    stored_by_name = models.CharField(max_length=150)
    created_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True)
    refused_at = models.DateTimeField(null=True)
    account_email = models.CharField(max_length=254, blank=True)
    account_name = models.CharField(max_length=250, blank=True)
    token_name = models.CharField(max_length=200, blank=True)
    permissions = models.JSONField(default=list)
    server_count = models.IntegerField(null=True)
    server_names = models.JSONField(default=list)

    limited_servers = models.JSONField(null=True)
    """[ID, name as last seen] of each server that it reaches in the portal; None for all that the provider shows it."""
    limited_rights = models.JSONField(null=True)
    """Of limits.RIGHTS; None for all that the person's role has."""
    limited_by_id = models.BigIntegerField(null=True)
    """The person who limited it for its owner: then the owner cannot widen it. None if the owner did."""
    limited_at = models.DateTimeField(null=True)
    limit_reason = models.CharField(max_length=1000, blank=True)

    class Meta:
        db_table = "stored_token"
        ordering = ["label", "id"]
        constraints = [models.UniqueConstraint(fields=["user", "label"], name="stored_token_label")]

    def __str__(self) -> str:
        return self.label

    @property
    def masked(self) -> str:
        """The token for display: dots and its last four characters, if it is long enough to show them."""
        return f"•••• {self.hint}" if self.hint else "••••"

    @property
    def columns(self) -> dict[str, str]:
        """Of a row that names the token, also when it is gone."""
        return {"token_id": self.pk, "token_label": self.label, "token_fingerprint": self.fingerprint}

    @property
    def limits(self) -> Limits:
        servers, rights = self.limited_servers, self.limited_rights
        return Limits(
            servers=None if servers is None else {int(number): str(name) for number, name in servers},
            rights=None if rights is None else tuple(rights),
        )

    def reaches(self, server_id: int) -> bool:
        """Whether its limits leave it this server; the provider may show it or not."""
        return self.limited_servers is None or self.limits.reaches(server_id)

    def allows(self, permission: str) -> bool:
        """Whether its limits leave it this right, on the servers that it reaches."""
        return self.limited_rights is None or self.limits.allows(permission)

    @property
    def shown_names(self) -> list[str]:
        """Of the servers that it showed when it was checked; of a limited one, those of its limits."""
        if self.limited_servers is None:
            return list(self.server_names)
        return [str(name) for _number, name in self.limited_servers]
