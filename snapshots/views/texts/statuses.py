"""The provider's statuses of snapshots and servers, as badges. An unknown status is shown as it came."""

from django.utils.translation import gettext_lazy as lazy

from snapshots import contract
from snapshots.views.texts.base import Badge

READY = Badge("ok", lazy("Ready"))
MADE = Badge("moving", lazy("Creating"))
SNAPSHOT_BADGES = {
    contract.COMPLETED: READY,
    "deleting": Badge("moving", lazy("Deleting")),
    contract.RESTORING: Badge("moving", lazy("Restoring")),
}
SERVER_BADGES = {
    contract.RESTORING: Badge("moving", lazy("Restoring")),
    "stopped": Badge("neutral", lazy("Stopped")),
    "off": Badge("neutral", lazy("Stopped")),
    "suspended": Badge("warn", lazy("Suspended")),
}


def snapshot_badge(status: str) -> Badge:
    """A word never heard of is shown as it came."""
    if status in SNAPSHOT_BADGES:
        return SNAPSHOT_BADGES[status]
    if status in contract.FAILED_STATUSES:
        return Badge("bad", lazy("Failed"))
    if status in contract.MOVING_STATUSES:
        return MADE
    return Badge("neutral", status or lazy("No status"))


def server_badge(status: str) -> Badge | None:
    """None when the provider tells no status."""
    if not status:
        return None
    if status in SERVER_BADGES:
        return SERVER_BADGES[status]
    if status in contract.RUNNING_SERVER_STATUSES:
        return Badge("ok", lazy("Running"))
    if status in contract.FAILED_STATUSES:
        return Badge("bad", lazy("Failed"))
    return Badge("moving" if status in contract.MOVING_STATUSES else "neutral", status)
