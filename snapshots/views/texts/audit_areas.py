"""The names of the parts of the audit log that its page offers as tabs."""

from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from snapshots.audit.search.areas import Area

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

AREAS: Final[dict[str, "StrPromise"]] = {
    Area.OPERATIONS: pgettext_lazy("part of the audit log", "Operations"),
    Area.SIGN_INS: pgettext_lazy("part of the audit log", "Sign-ins"),
    Area.ADMINISTRATION: pgettext_lazy("part of the audit log", "Administration"),
}
EVERYTHING: Final = pgettext_lazy("part of the audit log", "Everything")
HINTS: Final[dict[str, "StrPromise"]] = {
    Area.OPERATIONS: _(
        "Snapshots created, restored, deleted, protected and kept, approvals, jobs and runs of schedules."
    ),
    Area.SIGN_INS: _("Who signed in and out, confirmed who it is, or was refused: sign-ins and pages."),
    Area.ADMINISTRATION: _(
        "People, teams, roles, tokens, keys, policies, schedules, locks, freezes, settings, and what was done with this log."
    ),
}
"""What is in each, in one sentence."""
