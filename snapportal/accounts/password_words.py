"""Refuses passwords made of what everybody who knows the portal would try first: its name, its subject, its roles, its host."""

import re
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from snapportal.accounts.models import Role

OF_THE_PORTAL: Final = (
    "snapportal",
    "snapshots",
    "snapshot",
    "portal",
    "vpsorg",
    "server",
    "restore",
    "backup",
)
SHORTEST_LABEL: Final = 4
"""Of a host name: shorter labels, such as `www` and `com`, stand in many words."""
ENOUGH_LETTERS: Final = 4


def context_words() -> list[str]:
    """The longest first, so that a word is not taken for a shorter one that it begins with."""
    hosts = [label for host in settings.ALLOWED_HOSTS for label in re.split(r"[^a-z]+", host.lower())]
    labels = {label for label in hosts if len(label) >= SHORTEST_LABEL}
    return sorted({*OF_THE_PORTAL, *Role.values, *labels}, key=lambda word: (-len(word), word))


class ContextWordsValidator:
    """A password may hold such words, if letters of something else are left. One without them may be made of anything."""

    def validate(self, password: str, user: Any = None) -> None:
        letters = "".join(filter(str.isalpha, password.lower()))
        rest = re.sub("|".join(map(re.escape, context_words())), "", letters)
        if rest != letters and len(rest) < ENOUGH_LETTERS:
            raise ValidationError(
                _(
                    "This is little more than the name of the portal, of its host or of a role: add other words."
                ),
                code="password_of_context_words",
            )

    def get_help_text(self) -> str:
        return _("Your password can't be made of the names of the portal, its host and its roles.")
