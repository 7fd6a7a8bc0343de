"""The choices of a field for a time zone."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from snapshots.schedules.recurrence import zones


def zone_choices(own: str) -> list[Any]:
    """The likely ones first, then all by region. `own`: the one that is stored already, if any."""
    first = dict.fromkeys(filter(None, [own, settings.TIME_ZONE, "UTC"]))
    regions: dict[str, list[tuple[str, str]]] = {}
    for name in zones():
        if name not in first:
            regions.setdefault(name.partition("/")[0], []).append((name, name.replace("_", " ")))
    return [(_("Likely"), [(name, name) for name in first]), *regions.items()]
