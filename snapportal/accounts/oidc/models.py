"""Which person is which subject of an identity provider."""

from django.conf import settings
from django.db import models


class FederatedIdentity(models.Model):
    """A person as an identity provider names it. The subject is permanent there; an e-mail address is not."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="identities")
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    linked_at = models.DateTimeField(auto_now_add=True)
    used_at = models.DateTimeField()
    """When the person last signed in with it."""

    class Meta:
        db_table = "federated_identity"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="federated_identity_subject"),
            models.UniqueConstraint(fields=["person", "issuer"], name="federated_identity_of_person"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.issuer}"

    @property
    def shown_subject(self) -> str:
        """Enough of it to tell two apart."""
        shown = 12
        return self.subject if len(self.subject) <= shown else f"{self.subject[:shown]}…"
