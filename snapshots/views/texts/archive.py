"""Texts of the archive of the audit log."""

from django.utils.translation import gettext_lazy as lazy

from snapshots.views.texts.base import Badge

FILE_STATES: dict[str, Badge] = {
    "": Badge("ok", lazy("There, unchanged")),
    "missing": Badge("bad", lazy("Missing")),
    "changed": Badge("bad", lazy("Changed")),
}
