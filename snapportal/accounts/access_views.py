"""Pages for admins: what a person may do on which server, and who may do what on a server, each with the reason."""

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from snapportal.accounts import access
from snapportal.accounts.factors import service
from snapportal.accounts.models import User
from snapshots.connection import own_token_or_404
from snapshots.operations.blocks import blocked_servers
from snapshots.operations.models import Action
from snapshots.operations.server_views import server_view_or_404
from snapshots.vault.models import StoredToken
from snapshots.views.access import requires
from snapshots.views.blocked import blocks_context

ROWS_PER_PAGE = 50


@requires("people.manage", "GET", "HEAD")
def person_access(request: HttpRequest, pk: int) -> HttpResponse:
    person = get_object_or_404(User.objects.select_related("service_owner"), pk=pk)
    tokens = list(StoredToken.objects.filter(user_id=pk))
    page = Paginator(access.of_person(person), ROWS_PER_PAGE).get_page(request.GET.get("page"))
    shown = {line.server_id for line in page.object_list}
    context = {
        "person": person,
        "tokens": tokens,
        "unread": access.unread(tokens),
        "page": page,
        "locked": blocked_servers(shown, Action.RESTORE),
        "step_up_minutes": settings.SNAPPORTAL_STEP_UP_MINUTES,
        "lacks_factor": service.is_required(person) and not service.has_any(person),
    }
    return render(request, "access/person_access.html", context)


@requires("people.manage", "GET", "HEAD")
def server_people(request: HttpRequest, token_id: str, server_id: int) -> HttpResponse:
    view = server_view_or_404(own_token_or_404(request.user, token_id), server_id)
    context = {
        "view": view,
        "page": Paginator(access.of_server(server_id), ROWS_PER_PAGE).get_page(request.GET.get("page")),
        "unread": access.unread(StoredToken.objects.select_related("user")),
        **blocks_context(request, view),
    }
    return render(request, "access/server_people.html", context)
