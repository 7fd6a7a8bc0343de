"""Sign-in names and names for people whom an identity provider names."""

import re
import unicodedata
from itertools import count
from typing import Final

from snapportal.accounts.models import USERNAME_PATTERN, User
from snapportal.accounts.ways_in import is_break_glass

BASE_LENGTH: Final = 50
"""Of 60, so that a number fits behind it."""
NAME_LENGTH: Final = 120


def free_username(wanted: str) -> str:
    """A sign-in name like the wanted one that nobody has. Never an emergency account's, which keeps its password and role."""
    base = valid_username(wanted)
    for number in count(1):
        name = base if number == 1 else f"{base}-{number}"
        if not is_break_glass(name) and not User.objects.filter(username=name).exists():
            return name
    raise AssertionError("count does not end")


def valid_username(wanted: str) -> str:
    letters = unicodedata.normalize("NFKD", wanted).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9._@+-]+", "-", letters).strip("-.")[:BASE_LENGTH] or "person"
    return base if re.match(USERNAME_PATTERN, base) else f"person-{base}"


def shown_name(stated: str, username: str) -> str:
    return stated[:NAME_LENGTH] or username
