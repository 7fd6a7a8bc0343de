"""Sessions as Django's, with two limits and read with less work: every request of a signed-in person reads one.

A session ends SNAPPORTAL_SESSION_HOURS after the sign-in, and SNAPPORTAL_SESSION_IDLE_MINUTES after the person was last seen.
"""

from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.base_session import AbstractBaseSession
from django.utils import timezone

from snapportal.accounts.session_models import PersonSession, oldest_times
from snapshots import sql

CARRIED = (
    "person_id",
    "created_at",
    "seen_at",
    "proven_at",
    "proof_digest",
    "has_second_factor",
    "address",
    "device",
)
"""What a session keeps when it gets another key."""


class SessionStore(db.SessionStore):
    row: PersonSession | None = None
    """As it was read."""

    @classmethod
    def get_model_class(cls) -> type[AbstractBaseSession]:
        return PersonSession

    def _get_session_from_db(self) -> AbstractBaseSession | None:
        now = timezone.now()
        condition = "WHERE session_key = %s AND expire_date > %s AND created_at > %s AND seen_at > %s"
        parameters = [self.session_key, now, *oldest_times(now)]
        found = sql.first(PersonSession, condition, parameters)
        if found is None:
            self._session_key = None
        self.row = found
        return found

    def save(self, must_create: bool = False) -> None:
        """As Django's; but an existing row keeps what is not in the session's data."""
        if self.session_key is None or must_create:
            super().save(must_create=must_create)
            return
        data = self._get_session(no_load=False)  # type: ignore[attr-defined]
        columns: dict[str, Any] = {"session_data": self.encode(data), "expire_date": self.get_expiry_date()}
        if SESSION_KEY in data:
            columns["person_id"] = int(data[SESSION_KEY])
        if not PersonSession.objects.filter(pk=self.session_key).update(**columns):
            raise UpdateError

    def cycle_key(self) -> None:
        before = PersonSession.objects.filter(pk=self.session_key or "").values(*CARRIED).first()
        super().cycle_key()
        if before:
            PersonSession.objects.filter(pk=self.session_key).update(**before)
