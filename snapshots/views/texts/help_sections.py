"""The sections of the help page, in their order: their headings, and for whom they are.

The texts are templates/help/sections/<ID>.html.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


@dataclass(frozen=True)
class Section:
    """`permissions`: who has any of these can do what it is about. Everybody can read it.

    `words`: others that people look for it with.
    """

    title: "StrPromise"
    permissions: tuple[str, ...] = ("signed_in",)
    words: "StrPromise | str" = ""


_SEES: Final = ("snapshots.see",)
SECTIONS: Final[dict[str, Section]] = {
    "what": Section(_("What is a snapshot?")),
    "habits": Section(_("Good habits"), _SEES),
    "time": Section(_("How long things take, and limits"), _SEES),
    "restore": Section(
        _("What a restore does"), ("snapshots.restore",), _("rollback, roll back, revert, go back, undo")
    ),
    "several": Section(_("Several servers at once"), ("snapshots.create",)),
    "keeping": Section(_("Protecting and keeping snapshots"), ("snapshots.create",)),
    "guarding": Section(_("Locks, freezes and approvals"), ("snapshots.create",)),
    "schedules": Section(_("Schedules"), ("schedules.pause", "schedules.manage")),
    "observed": Section(_("Changes past this portal"), (*_SEES, "audit.read")),
    "backups": Section(_("Snapshots and backups"), _SEES),
    "states": Section(_("What the statuses mean"), _SEES),
    "unknown": Section(_("When it says “Unknown”"), (*_SEES, "audit.read")),
    "old": Section(_("When the list is outdated"), _SEES),
    "tokens": Section(_("Tokens"), ("snapshots.keep_token",)),
    "access": Section(_("Teams, temporary roles and limits"), _SEES),
    "signing-in": Section(_("Signing in"), words=_("log in, login, log on, two-factor, 2FA, MFA")),
    "notifications": Section(_("Notifications")),
    "scripts": Section(_("Scripts"), _SEES),
    "finding": Section(_("Finding, and keyboard shortcuts")),
    "log": Section(_("The audit log and its proofs"), ("audit.read",)),
    "searching": Section(_("Searching the audit log"), ("audit.read",)),
    "reviews": Section(_("Reviews and the monthly report")),
    "roles": Section(_("Who may do what")),
    "setting-up": Section(_("Setting up the portal"), ("system.see",)),
    "glossary": Section(_("Glossary")),
}
"""By the ID of the section."""

STOP_WORDS: Final = pgettext_lazy(
    "words that a search in the help leaves out; one dash if there are none",
    "a an and are can do does for how i in is it my of on or the to what when where which who why with",
)
