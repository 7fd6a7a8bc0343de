"""A sign-in between its two steps: the password was right, and the second factor is asked for.

It is kept in a session that belongs to nobody, so nothing can be opened with it. It ends after five minutes, after five tries,
and with anything that ends the person's sessions, such as a new password.
"""

from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from snapportal.accounts.backends import Backend
from snapportal.accounts.models import User
from snapportal.accounts.session_models import PersonSession

KEY: Final = "pending_sign_in"
SECONDS: Final = 300
TRIES: Final = 5
LONGEST_WANTED: Final = 2000


@dataclass(frozen=True)
class Pending:
    """`how` is the first proof, and `wanted` the page to open, as `signing_in.enter` got them."""

    person: User
    how: str
    wanted: str


def short_session(request: HttpRequest) -> None:
    """A session of nobody's that ends by itself; those that ended before are deleted."""
    PersonSession.objects.filter(person_id=None, expire_date__lt=timezone.now()).delete()
    request.session.set_expiry(SECONDS)


def begin(request: HttpRequest, person: User, *, how: str, wanted: str) -> None:
    """In a new session: whoever knew the key of the one before does not know this one's."""
    request.session.flush()
    short_session(request)
    request.session[KEY] = {
        "person": person.pk,
        "proof": person.get_session_auth_hash(),
        "how": how,
        "wanted": wanted if len(wanted) <= LONGEST_WANTED else "",
        "at": timezone.now().timestamp(),
        "tries": 0,
    }


def read(request: HttpRequest) -> Pending | None:
    kept: dict[str, Any] | None = request.session.get(KEY)
    if kept is None or timezone.now().timestamp() - kept["at"] >= SECONDS or kept["tries"] >= TRIES:
        return None
    person = Backend().get_user(kept["person"])
    if person is None or not constant_time_compare(kept["proof"], person.get_session_auth_hash()):
        return None
    return Pending(person, kept["how"], kept["wanted"])


def count_try(request: HttpRequest) -> None:
    """After a wrong proof."""
    kept = request.session[KEY]
    request.session[KEY] = kept | {"tries": kept["tries"] + 1}
