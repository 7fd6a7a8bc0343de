"""Sessions as Django's, read with less work: every request of a signed-in person reads one."""

from django.contrib.sessions.backends import db
from django.contrib.sessions.base_session import AbstractBaseSession
from django.utils import timezone

from snapshots import sql


class SessionStore(db.SessionStore):
    def _get_session_from_db(self) -> AbstractBaseSession | None:
        condition = "WHERE session_key = %s AND expire_date > %s"
        found = next(sql.select(self.model, condition, [self.session_key, timezone.now()]), None)
        if found is None:
            self._session_key = None
        return found
