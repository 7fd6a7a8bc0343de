"""Sessions with whose they are and from where, and the devices from which a person has signed in before."""

import hashlib
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils import timezone


def oldest_times(now: datetime) -> tuple[datetime, datetime]:
    """When a session that is alive began, and when its person was last seen, at the earliest."""
    return (
        now - timedelta(hours=settings.SNAPPORTAL_SESSION_HOURS),
        now - timedelta(minutes=settings.SNAPPORTAL_SESSION_IDLE_MINUTES),
    )


class PersonSession(AbstractBaseSession):
    """A session of somebody who is signed in. Times are the portal's."""

    person_id = models.BigIntegerField(null=True, db_index=True)
    created_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    """When the person last opened a page or sent a form; what a page asks by itself does not count."""
    proven_at = models.DateTimeField(default=timezone.now)
    """When the person last proved who it is: by signing in, or later (see step_up)."""
    proof_digest = models.CharField(max_length=64, blank=True)
    """Of the cookie that the browser got with a proof that was given later than the sign-in; empty until then."""
    has_second_factor = models.BooleanField(default=False)
    """Whether a second factor proved who it is, here or at an identity provider."""
    address = models.CharField(max_length=45, blank=True)
    device = models.CharField(max_length=120, blank=True)

    class Meta:
        db_table = "person_session"

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        from snapportal.accounts.sessions import SessionStore  # noqa: PLC0415 - it needs this model

        return SessionStore

    @property
    def public_id(self) -> str:
        """What pages may show of its key."""
        return hashlib.sha256(f"session:{self.session_key}".encode()).hexdigest()[:20]


class KnownDevice(models.Model):
    """A browser in which a person has signed in: it keeps a cookie of which the digest is stored."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64)
    seen_at = models.DateTimeField()

    class Meta:
        db_table = "known_device"
        constraints = [models.UniqueConstraint(fields=["person", "digest"], name="known_device_of_person")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.digest[:8]}"
