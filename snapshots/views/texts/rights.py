"""Names of the rights that roles, teams and API keys give."""

from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as lazy

from snapshots.templatetags.portal import as_name

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

RIGHT_WORDS: Final[dict[str, "StrPromise"]] = {
    "snapshots.see": lazy("See servers and snapshots"),
    "snapshots.keep_token": lazy("Store a token"),
    "snapshots.create": lazy("Create snapshots"),
    "snapshots.restore": lazy("Restore servers"),
    "snapshots.delete": lazy("Delete snapshots"),
    "snapshots.delete_own": lazy("Delete own snapshots"),
    "schedules.pause": lazy("Pause and resume schedules"),
    "schedules.manage": lazy("Run schedules"),
    "audit.read": lazy("Read the audit log"),
    "audit.export": lazy("Export the audit log"),
    "audit.review": lazy("Review the audit log"),
    "audit.hold": lazy("Place a legal hold"),
    "people.manage": lazy("Manage people and teams"),
    "tokens.manage": lazy("Manage stored tokens"),
    "system.see": lazy("See the state of the portal"),
    "notifications.manage": lazy("Manage notifications"),
}


def right_words(right: str) -> str:
    """An unknown right as recorded."""
    return str(RIGHT_WORDS[right]) if right in RIGHT_WORDS else as_name(right)
