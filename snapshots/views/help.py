"""The help page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from snapshots import contract
from snapshots.views.access import requires
from snapshots.views.texts.pages import HELP_SECTIONS


@requires("signed_in", "GET", "HEAD")
def help_page(request: HttpRequest) -> HttpResponse:
    context = {
        "sections": HELP_SECTIONS,
        "limit": contract.MAX_SNAPSHOTS_PER_SERVER,
        "create_minutes": contract.CREATE_MINUTES,
        "restore_minutes": contract.RESTORE_MINUTES,
        "name_max_length": contract.NAME_MAX_LENGTH,
    }
    return render(request, "help/help_page.html", context)
