"""Who is signed in, as Django's backend has it, read with less work: every request of a signed-in person asks."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from snapportal.accounts.models import User
from snapportal.accounts.ways_in import may_use_password
from snapshots import sql


class Backend(ModelBackend):
    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """As Django's. Where passwords are off the right one is refused after as long as a wrong one."""
        found = super().authenticate(request, username=username, password=password, **kwargs)
        assert found is None or isinstance(found, User)
        return found if found and may_use_password(found) else None

    def user_can_authenticate(self, user: Any) -> bool:
        """Not for service accounts, whatever password or session they have."""
        return super().user_can_authenticate(user) and not user.is_service_account

    def get_user(self, user_id: int) -> User | None:
        found = sql.first(User, "WHERE id = %s", [user_id])
        return found if found and self.user_can_authenticate(found) else None
