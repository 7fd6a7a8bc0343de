"""Badges and texts for the provider's statuses. An unknown status is shown as received."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext_lazy

from snapshots import contract
from snapshots.connection import Person
from snapshots.contract import Snapshot
from snapshots.inventory.progress import usual_minutes
from snapshots.operations.rights import DELETE_OWN, may_anywhere, may_in_part, may_on
from snapshots.templatetags.portal import duration
from snapshots.vault.models import StoredToken
from snapshots.views.texts.base import Badge

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

NOT_READY = lazy("Not ready yet")
VERBS = {
    "create": pgettext_lazy("what a role may not do with snapshots", "create"),
    "restore": pgettext_lazy("what a role may not do with snapshots", "restore"),
    "delete": pgettext_lazy("what a role may not do with snapshots", "delete"),
}
READY = Badge("ok", lazy("Ready"))
CREATING = Badge("moving", lazy("Creating"))
DELETING = Badge("moving", lazy("Deleting"))
SNAPSHOT_BADGES = {
    contract.DELETING: DELETING,
    contract.RESTORING: Badge("moving", lazy("Restoring")),
}
GONE = Badge("warn", lazy("No longer listed"))
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
    """An unknown status is shown as received."""
    key = contract.status_key(status)
    if key in SNAPSHOT_BADGES:
        return SNAPSHOT_BADGES[key]
    if key in contract.COMPLETED_STATUSES:
        return READY
    if contract.is_failed(status):
        return Badge("bad", lazy("Failed"))
    if contract.is_moving(status):
        return CREATING
    return Badge("neutral", status.strip() or lazy("No status"))


def still_text(status: str) -> "StrPromise":
    """What the provider reports about a snapshot that is in progress."""
    return STILL.get(contract.status_key(status), STILL_CREATING)


def stuck_text(status: str, since: datetime | None) -> str:
    """How long it has been so, and that this is far too long."""
    low, high = usual_minutes(status)
    return _(
        "For %(age)s so far: far longer than the %(low)d to %(high)d minutes that VPS.org says. It may never end."
    ) % {
        "age": duration(timezone.now() - (since or timezone.now())),
        "low": low,
        "high": high,
    }


def not_allowed_text(verbs: Iterable[str]) -> str:
    """One sentence about the actions that the person's role does not allow; '' if `verbs` is empty."""
    actions = get_text_list([str(VERBS[verb]) for verb in verbs], _("or"))
    return _("Your role may not %(actions)s snapshots.") % {"actions": actions} if actions else ""


def role_note(user: Person, server_id: int | None = None) -> str:
    """Which actions on snapshots neither the person's role nor a team allows, on this server or anywhere; '' without."""
    lacking = [verb for verb in VERBS if not _may(user, f"snapshots.{verb}", server_id)]
    if "delete" not in lacking or not _may(user, DELETE_OWN, server_id):
        return not_allowed_text(lacking)
    others = not_allowed_text(verb for verb in lacking if verb != "delete")
    return f"{others} {_('It may delete only your own ones.')}".strip()


def _may(user: Person, permission: str, server_id: int | None) -> bool:
    return may_anywhere(user, permission) if server_id is None else may_on(user, permission, server_id)


def limit_note(user: Person, token: StoredToken) -> str:
    """Which actions the role allows and the limits of the token that is used do not; '' without."""
    taken = [
        verb
        for verb in VERBS
        if may_in_part(user, f"snapshots.{verb}") and not token.allows(f"snapshots.{verb}")
    ]
    actions = get_text_list([str(VERBS[verb]) for verb in taken], _("or"))
    return (
        _("The limits of this token do not allow to %(actions)s snapshots.") % {"actions": actions}
        if taken
        else ""
    )


def server_badge(status: str) -> Badge | None:
    """None if the provider gives no status."""
    key = contract.status_key(status)
    if not key:
        return None
    if key in SERVER_BADGES:
        return SERVER_BADGES[key]
    if key in contract.RUNNING_SERVER_STATUSES:
        return Badge("ok", lazy("Running"))
    if contract.is_failed(status):
        return Badge("bad", lazy("Failed"))
    return Badge("moving" if contract.is_moving(status) else "neutral", status.strip())


def restore_obstacle(snapshot: Snapshot) -> "StrPromise | str":
    """Why the snapshot's status does not allow a restore; '' if it does, or if the badge says so already."""
    if snapshot.is_completed or contract.status_key(snapshot.status) == contract.DELETING:
        return ""
    if snapshot.is_moving:
        return NOT_READY
    if snapshot.is_failed:
        return lazy("A failed snapshot cannot be restored")
    if not snapshot.status.strip():
        return lazy("The provider gives no status")
    return _("Status unknown to the portal: “%s”") % snapshot.status.strip()


def delete_obstacle(snapshot: Snapshot) -> "StrPromise | str":
    return restore_obstacle(snapshot) if snapshot.is_moving else ""
