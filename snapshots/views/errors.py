"""Error pages, and error fragments for htmx: what happened, what it means, what to do next."""

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from snapshots.audit.journal import JournalUnavailableError
from snapshots.views import look

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class RightsChangedError(PermissionDenied):
    """The person had the permission when the request began, and no longer just before the write."""


@dataclass(frozen=True)
class Failure:
    """The texts of an error page. `advice` says what the reader can do now."""

    status: int
    title: "StrOrPromise"
    meaning: "StrOrPromise"
    advice: "StrOrPromise"
    icon: str = "alert"


BAD_REQUEST = Failure(
    400,
    _("Bad request"),
    _("The address or the form was not as the portal expects. Nothing was done."),
    _("Go back, reload the page and try again."),
)
FORBIDDEN = Failure(
    403,
    _("Your role does not allow this"),
    _("Nothing was done. The refusal is recorded in the audit log."),
    _("If you need this for your work, ask an admin of this portal to change your role."),
    icon="lock",
)
RIGHTS_CHANGED = Failure(
    403,
    _("Your rights changed while this was being checked"),
    _(
        "Your account, your role or your tokens were changed meanwhile, so nothing was sent to the provider and nothing was "
        "changed. The refusal is recorded in the audit log."
    ),
    _("If you need this for your work, ask an admin of this portal."),
    icon="lock",
)
CSRF = Failure(
    403,
    _("This form could not be verified"),
    _(
        "Nothing was done. Either the page was open for very long, or you signed in again in another window, or your "
        "browser does not keep this site's cookies."
    ),
    _(
        "Reload the page and send the form again. If it keeps happening: allow cookies for this site, and open it "
        "over https. Safari keeps no secure cookies from an address that begins with http:// — on your own machine, "
        "use Chrome, Edge or Firefox instead."
    ),
    icon="lock",
)
NOT_FOUND = Failure(
    404,
    _("Page not found"),
    _("The address is wrong, or the item is gone, or it belongs to somebody else."),
    _("Go to the start page."),
    icon="search",
)
SERVER_ERROR = Failure(
    500,
    _("Internal error"),
    _(
        "This is an error in the portal. If you have just requested a create, restore or delete, do not "
        "request it again yet: check the server's page first, which shows what is known."
    ),
    _("Wait a minute and try again. If the problem persists, tell your admin the request number below."),
)
UNAVAILABLE = Failure(
    503,
    _("The portal cannot write its audit log now"),
    _(
        "Every step is recorded before it is done. As that is not possible at the moment, nothing was sent to the "
        "provider and nothing was changed."
    ),
    _(
        "Wait a minute and try again. If the problem persists, tell your admin: the disk may be full or the database down."
    ),
    icon="unplugged",
)


NO_PROOF = Failure(
    503,
    _("No proof can be made now"),
    _(
        "The audit log could not be signed, so a file that proves its rows cannot be made. Nothing was downloaded."
    ),
    _("Ask an admin of this portal to run manage.py checkpoint_audit: it says why."),
    icon="lock",
)


NO_RECEIPT = Failure(
    404,
    _("There is no receipt for this any more"),
    _(
        "Rows that belong to it are no longer in the database: old rows are moved into archive files. Nothing was downloaded."
    ),
    _(
        "Ask an operator of this portal for the archive file. It proves its rows itself: anybody can verify it with the log's "
        "public key, as a receipt."
    ),
    icon="search",
)


JSON_CODES: Final = {
    400: "invalid",
    403: "forbidden",
    404: "not_found",
    500: "internal_error",
    503: "unavailable",
}
"""Of errors of the API that are answered outside its views."""


def outside_base_path(base_path: str) -> Failure:
    """For a path outside_base_path the base path: a wrong URL, or a web server in front that strips the base path."""
    return Failure(
        404,
        gettext("The portal is not at this address"),
        gettext(
            "It is under %(path)s. The request came to the portal with another path, so nothing was done."
        )
        % {"path": base_path},
        gettext(
            "Open %(path)s. If that is what you did: the web server in front of the portal removes %(path)s from the address. "
            "Tell your admin that it has to pass on the whole path; docs/operators.md of the portal shows how."
        )
        % {"path": base_path},
        icon="search",
    )


def _render(request: HttpRequest, failure: Failure, *, framed: bool, ask_url: str = "") -> HttpResponse:
    """`framed` pages show the person's navigation, which needs the database; the others must work while it is down.

    `ask_url`: where the person can ask for the right that is missing.
    """
    if f"{request.path}/".startswith(f"{settings.SNAPPORTAL_BASE_PATH}api/"):
        return _as_json(failure)
    is_fragment = bool(getattr(request, "htmx", False))
    if framed:
        look.use_persons(request)
    request.live = None  # type: ignore[attr-defined] # it is not the page that would ask for news of itself
    template = "errors/_error.html" if is_fragment else "errors/error.html"
    context = {
        "failure": failure,
        "request_id": getattr(request, "id", ""),
        "ask_url": ask_url,
        "look": getattr(request, "look", None),
    }
    body = render_to_string(template, context, request if framed else None)
    return HttpResponse(body, status=failure.status)


def _as_json(failure: Failure) -> HttpResponse:
    """For scripts: what is refused before a view of the API is called, or fails in it, is JSON as its other errors."""
    answer = {"detail": f"{failure.title}. {failure.meaning}", "code": JSON_CODES[failure.status]}
    return JsonResponse(answer, status=failure.status)


def unavailable(request: HttpRequest) -> HttpResponse:
    """503: the database or the audit log cannot be used. Touches neither."""
    return _render(request, UNAVAILABLE, framed=False)


def no_proof(request: HttpRequest) -> HttpResponse:
    return _render(request, NO_PROOF, framed=True)


def no_receipt(request: HttpRequest) -> HttpResponse:
    return _render(request, NO_RECEIPT, framed=True)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _render(request, BAD_REQUEST, framed=False)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, RightsChangedError):
        return _render(request, RIGHTS_CHANGED, framed=True)
    return _render(request, FORBIDDEN, framed=True, ask_url=_ask_url(request, str(exception)))


def _ask_url(request: HttpRequest, permission: str) -> str:
    """The form that asks for a temporary role, if one could give the right; '' else."""
    could_give = getattr(request.user, "could_be_lent", None)
    if could_give is None or not could_give(permission):
        return ""
    server_id = request.resolver_match.kwargs.get("server_id") if request.resolver_match else None
    return reverse("temporary_role_add") + (f"?server={server_id}" if server_id else "")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not request.path.startswith(settings.SNAPPORTAL_BASE_PATH):
        return _render(request, outside_base_path(settings.SNAPPORTAL_BASE_PATH), framed=False)
    return _render(request, NOT_FOUND, framed=True)


def server_error(request: HttpRequest) -> HttpResponse:
    """500; 503 when the database failed where no view was running, as in the session's own middleware."""
    if isinstance(sys.exc_info()[1], DatabaseError | JournalUnavailableError):
        return unavailable(request)
    return _render(request, SERVER_ERROR, framed=False)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _render(request, CSRF, framed=False)
