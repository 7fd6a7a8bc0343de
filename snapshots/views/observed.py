"""What the server's page shows of changes past the portal."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from snapshots.observations import looking
from snapshots.observations.models import Change
from snapshots.views.texts.base import Badge
from snapshots.views.texts.observed import change_badge


@dataclass(frozen=True)
class ChangeLine:
    """`url` is that of its row in the log, '' if the person may not read the log."""

    change: Change
    badge: Badge
    url: str


def observed_lines(request: HttpRequest, server_id: int) -> list[ChangeLine]:
    may_read = request.user.has_perm("audit.read")
    return [
        ChangeLine(
            change,
            change_badge(change.code),
            reverse("entry_detail", args=[change.sequence]) if may_read and change.sequence else "",
        )
        for change in looking.newest_changes(server_id)
    ]
