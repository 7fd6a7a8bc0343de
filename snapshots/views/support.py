"""Whom people ask who are stuck: the contact of the settings, else the admins by name, but only to people who are signed in."""

import re
from dataclasses import dataclass

from django.conf import settings

EMAIL = re.compile(r"\A[^@\s:<>]+@[A-Za-z0-9.-]+\Z")


@dataclass(frozen=True)
class Support:
    """`names`: of some admins. `is_admin`: whoever reads it is one, so that nobody else is named but the other admins."""

    contact: str = ""
    names: tuple[str, ...] = ()
    is_admin: bool = False

    @property
    def url(self) -> str:
        """Of the contact; '' if it is no e-mail address and no address of a page."""
        if EMAIL.match(self.contact):
            return f"mailto:{self.contact}"
        return self.contact if self.contact.startswith("https://") else ""


def configured() -> Support:
    """What everybody may see, also whoever is not signed in. Needs no database."""
    return Support(contact=settings.SNAPPORTAL_SUPPORT_CONTACT)
