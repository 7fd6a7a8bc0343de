"""Settings that name roles."""

import re
from typing import Final

from environs import ValidationError

ROLES: Final = ("viewer", "operator", "manager", "auditor", "admin")
"""Those of snapportal/accounts/models.py, which cannot be imported before the settings are read."""


def parse_roles(text: str) -> frozenset[str]:
    """Roles, separated by commas; none for an empty text."""
    found = frozenset(filter(None, re.split(r"[,\s]+", text.strip())))
    unknown = sorted(found - set(ROLES))
    if unknown:
        raise ValidationError(
            f"names roles that do not exist: {', '.join(unknown)}; roles are {', '.join(ROLES)}"
        )
    return found
