"""Texts of the System page."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as lazy

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

TASKS: dict[str, "StrPromise"] = {
    "anchor": lazy("Anchor the audit log"),
    "checkpoint": lazy("Sign a checkpoint of the audit log"),
    "verify": lazy("Verify the audit log"),
    "clear": lazy("Clear expired sessions and leases"),
    "forget": lazy("Delete old notifications"),
    "forget_changes": lazy("Delete old changes that were seen past the portal"),
    "addresses": lazy("Erase old addresses"),
    "archive": lazy("Archive old rows of the audit log"),
}
QUEUES: dict[str, "StrPromise"] = {
    "operations": lazy("Open operations"),
    "unknown": lazy("Operations whose result is unknown"),
    "jobs": lazy("Running jobs"),
    "runs": lazy("Open runs of schedules"),
    "notifications": lazy("Notifications that wait to be sent"),
    "deletions": lazy("Planned deletions"),
}
