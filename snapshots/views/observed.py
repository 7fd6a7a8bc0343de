"""Changes past the portal on the server's page, and after how long without a snapshot a server is told."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from snapshots.connection import own_token_or_404
from snapshots.observations import looking, silence
from snapshots.observations.models import Change, KnownServer
from snapshots.observations.recording import ACTION
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.rights import may_on
from snapshots.operations.server_views import server_view_or_404
from snapshots.views.access import check_on_server, record_refusal, requires
from snapshots.views.actor import actor_of
from snapshots.views.errors import RightsChangedError
from snapshots.views.forms.observations import SilenceForm, silence_text
from snapshots.views.texts.base import Badge
from snapshots.views.texts.observed import change_badge
from snapshots.views.texts.statements import evidence_html


@dataclass(frozen=True)
class ChangeLine:
    """`evidence` is markup. `url` is that of its row in the log, '' if the person may not read the log."""

    change: Change
    badge: Badge
    evidence: str
    url: str


def observed_lines(request: HttpRequest, server_id: int) -> list[ChangeLine]:
    may_read = request.user.has_perm("audit.read")
    return [
        ChangeLine(
            change,
            change_badge(change.code),
            evidence_html(change.evidence, ACTION),
            reverse("entry_detail", args=[change.sequence]) if may_read and change.sequence else "",
        )
        for change in looking.newest_changes(server_id)
    ]


def observed_context(request: HttpRequest, server_id: int) -> dict[str, Any]:
    server = KnownServer.objects.filter(pk=server_id).first()
    return {
        "observed": observed_lines(request, server_id),
        "silence_text": silence_text(silence.days_of(server)),
        "silent_since": server.completed_at if server and server.silent_told_at else None,
        "is_silent": server is not None and server.silent_told_at is not None,
        "may_set_silence": may_on(request.user, silence.MANAGE, server_id),
    }


@requires(silence.MANAGE, "GET", "HEAD", "POST")
def server_silence(request: HttpRequest, token_id: str, server_id: int) -> HttpResponse:
    """Choose after how long without a completed snapshot a server is told."""
    view = server_view_or_404(own_token_or_404(request.user, token_id), server_id)
    check_on_server(request, silence.MANAGE, view)
    own = KnownServer.objects.filter(pk=server_id).values_list("silent_after_days", flat=True).first()
    initial = {"days": "" if own is None else str(own)}
    form = SilenceForm(request.POST if request.method == "POST" else None, initial=initial)
    form.set_choices(settings.SNAPPORTAL_SILENT_AFTER_DAYS)
    if request.method == "POST" and form.is_valid():
        try:
            silence.set_days(
                actor=actor_of(request), server_id=server_id, server_name=view.name, **form.cleaned_data
            )
        except OperationRefusedError as error:
            record_refusal(request, silence.MANAGE)
            raise RightsChangedError(error.code) from error
        return redirect("server_detail", token_id, server_id)
    status = 422 if form.errors else 200
    return render(request, "servers/server_silence.html", {"view": view, "form": form}, status=status)
