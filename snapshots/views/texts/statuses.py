"""The provider's statuses of snapshots and servers, as badges. An unknown status is shown as it came."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from snapshots import contract
from snapshots.inventory.progress import usual_minutes
from snapshots.templatetags.portal import duration
from snapshots.views.texts.base import Badge

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

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
STILL_CREATING = lazy("The provider still reports it as being created")
STILL = {
    "deleting": lazy("The provider still reports it as being deleted"),
    contract.RESTORING: lazy("The provider still reports it as being restored"),
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


def still_text(status: str) -> "StrPromise":
    """What the provider reports of a snapshot that is not at rest."""
    return STILL.get(status, STILL_CREATING)


def stuck_text(status: str, since: datetime | None) -> str:
    """How long it has been so, and that this is far too long."""
    low, high = usual_minutes(status)
    return _(
        "For %(age)s so far: far longer than the usual %(low)d to %(high)d minutes. It may never end."
    ) % {
        "age": duration(timezone.now() - (since or timezone.now())),
        "low": low,
        "high": high,
    }


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
