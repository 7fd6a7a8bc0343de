"""Words for what changed at the provider past the portal."""

from django.utils.translation import gettext_lazy as lazy

from snapshots.observations.models import Code
from snapshots.views.texts.base import Badge

CHANGES: dict[str, Badge] = {
    Code.APPEARED: Badge("neutral", lazy("Appeared")),
    Code.VANISHED: Badge("warn", lazy("Vanished")),
    Code.VANISHED_WITH_SERVER: Badge("warn", lazy("Vanished with its server")),
    Code.RENAMED: Badge("neutral", lazy("Renamed")),
    Code.RESIZED: Badge("neutral", lazy("Size changed")),
}


def change_badge(code: str) -> Badge:
    return CHANGES.get(code) or Badge("neutral", code)
