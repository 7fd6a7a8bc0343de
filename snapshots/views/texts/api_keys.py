"""Texts of API keys: their rights, their state, and why one was not made."""

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.utils import timezone
from django.utils.translation import gettext_lazy as lazy

from snapshots.api import keys
from snapshots.api.models import ApiKey
from snapshots.views.texts.base import Badge

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

NEAR: Final = timedelta(days=14)
"""So long before its end a key is marked."""
PROBLEM_BADGES: Final = {
    "key_revoked": Badge("neutral", lazy("Revoked")),
    "key_expired": Badge("neutral", lazy("Expired")),
    "owner_inactive": Badge("bad", lazy("Owner not active")),
}
TOKEN_GONE: Final = Badge("bad", lazy("Token removed"))
NEAR_END: Final = Badge("warn", lazy("Expires soon"))
VALID: Final = Badge("ok", lazy("Valid"))
NOT_MADE: Final[dict[str, tuple[str | None, "StrPromise"]]] = {
    "rights": ("rights", lazy("The owner may not do all of this any more: load this page again.")),
    "token": ("servers", lazy("The token was removed meanwhile: load this page again.")),
    "days": ("days", lazy("A key is valid for 1 to 366 days.")),
    "owner": (None, lazy("The account is not active any more, or nobody looks after it.")),
}
"""Code of KeyNotMadeError → field and sentence."""


def state_badge(key: ApiKey) -> Badge:
    """Whether a script can use it. `key.owner` and the person who looks after the owner should be loaded."""
    problem = keys.problem(key, key.owner)
    if problem:
        return PROBLEM_BADGES[problem]
    if needs_token(key.rights) and key.token_id is None:
        return TOKEN_GONE
    return NEAR_END if key.expires_at - timezone.now() < NEAR else VALID


def needs_token(rights: list[str]) -> bool:
    return any(one.startswith("snapshots.") for one in rights)
