"""When and where a freeze holds, in words."""

from datetime import time

from django.utils.formats import time_format
from django.utils.translation import gettext as _

from snapshots.operations.guarded_models import Freeze
from snapshots.views.texts.schedules import weekday_name


def week_text(freeze: Freeze) -> str:
    """Such as 'Each week from Friday 18:00 to Monday 07:00'; '' for a freeze that holds the whole time."""
    if freeze.from_minute is None or freeze.to_minute is None:
        return ""
    words = {"begin": _moment(freeze.from_minute), "end": _moment(freeze.to_minute)}
    return _("Each week from %(begin)s to %(end)s") % words


def _moment(minute: int) -> str:
    day, rest = divmod(minute, 1440)
    return f"{weekday_name(str((day + 1) % 7))} {time_format(time(rest // 60, rest % 60), 'H:i')}"
