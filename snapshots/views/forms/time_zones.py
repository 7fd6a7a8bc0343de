"""The choices of a field for a time zone."""

from typing import Any

from django.conf import settings
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import gettext as _

from snapshots.schedules.recurrence import zones


def usual_zone() -> str:
    """The one that the person has chosen, else the portal's."""
    name = get_current_timezone_name()
    return name if name in zones() else settings.TIME_ZONE


def zone_choices(own: str = "") -> list[Any]:
    """The likely ones first, then all by region. `own`: the one that is stored already, if any."""
    first = dict.fromkeys(filter(None, [own, usual_zone(), settings.TIME_ZONE, "UTC"]))
    regions: dict[str, list[tuple[str, str]]] = {}
    for name in zones():
        if name not in first:
            regions.setdefault(name.partition("/")[0], []).append((name, name.replace("_", " ")))
    return [(_("Likely"), [(name, name) for name in first]), *regions.items()]
