"""Permissions of views: every view has exactly one of these decorators, and a test checks every URL."""

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, Final, ParamSpec, cast

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect, HttpResponseClientRefresh

from snapshots.audit import journal
from snapshots.connection import Person
from snapshots.inventory.servers import ListedServer
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.rights import may, may_anywhere
from snapshots.views import look
from snapshots.views.actor import actor_of
from snapshots.views.errors import RightsChangedError, not_allowed
from snapshots.views.form_pages import page_of_form, url_of_page

MARK_HEADER: Final = "X-Session"
"""The mark of the session for which a page was made."""
VERSION_HEADER: Final = "X-Version"
"""The version of what an element shows that polls, or "none" (see polls)."""

LOST_FORM: Final = "form"
"""The value of the parameter `ended` of the sign-in page after a form was sent without a session."""

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def session_mark(request: HttpRequest) -> str:
    """What a page knows of the session that it was made for; nothing can be done with it. '' without a session."""
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    return hashlib.sha256(f"mark:{key}".encode()).hexdigest()[:16] if key else ""


def is_of_other_session(request: HttpRequest) -> bool:
    """Whether a page asks that was made for another session: somebody else may have signed in with this browser since."""
    return MARK_HEADER in request.headers and request.headers[MARK_HEADER] != session_mark(request)


def may_open(person: Person, permission: str) -> bool:
    """Whether a view with this permission is for this person, who is signed in. A view about a server asks about that too."""
    return permission == "signed_in" or may_anywhere(person, permission)


def _ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    """Redirect a page to sign-in; for a fragment redirect the whole browser, with the surrounding page as `next`.

    After a form `next` is the page with the form. What was typed is not kept: the sign-in page says so.
    """
    is_form = request.method not in {"GET", "HEAD"}
    if getattr(request, "htmx", False):
        try:
            page = request.htmx.current_url_abs_path or reverse("server_list")  # type: ignore[attr-defined]
        except ValueError:  # the browser sent an invalid current URL
            page = reverse("server_list")
        target = redirect_to_login(page)
        return HttpResponseClientRedirect(f"{target['Location']}&ended={LOST_FORM if is_form else 1}")
    if not is_form:
        return redirect_to_login(request.get_full_path())
    target = redirect_to_login(page_of_form(request))
    return HttpResponseRedirect(f"{target['Location']}&ended={LOST_FORM}")


def _mark(view: object, *, access: str, methods: tuple[str, ...], page: str = "", proof: str = "") -> None:
    view.access = access  # type: ignore[attr-defined]
    view.proof = proof  # type: ignore[attr-defined]
    view.methods = methods  # type: ignore[attr-defined]
    view.page = page  # type: ignore[attr-defined]


def public(*methods: str, page: str = "") -> Callable[[View[P]], View[P]]:
    """Anybody may open it, signed in or not. `page`: where the form of a view is that takes only POST (see `requires`)."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if page and request.method in {"GET", "HEAD"}:
                return HttpResponseRedirect(url_of_page(page, kwargs))
            if request.method not in methods:
                return not_allowed(request, methods, framed=False)
            return view(request, *args, **kwargs)

        _mark(guarded, access="public", methods=methods, page=page)
        return cast("View[P]", guarded)

    return decorate


def requires(permission: str, *methods: str, page: str = "", proof: str = "") -> Callable[[View[P]], View[P]]:
    """Only people with `permission` ('signed_in' for everybody who is signed in). A refusal goes into the audit log.

    `page`: where the form of a view is that takes only POST. It may show a refusal under its own address, which can then be
    opened again: GET is redirected to that page. `proof`: "form" if sending it needs a recent proof of who it is, "page" if
    opening it does too, because its form has a field for a secret (the site's middleware asks for it).
    """

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _ask_to_sign_in(request)
            look.use_persons(request)
            if is_of_other_session(request):
                return HttpResponseClientRefresh()
            if page and request.method in {"GET", "HEAD"}:
                return HttpResponseRedirect(url_of_page(page, kwargs))
            if request.method not in methods:
                return not_allowed(request, methods, framed=True)
            if not may_open(request.user, permission):
                record_refusal(request, permission)
                if is_poll(request):  # of a page opened with this right, which would go on asking
                    return HttpResponseClientRefresh()
                raise PermissionDenied(permission)
            return view(request, *args, **kwargs)

        _mark(guarded, access=permission, methods=methods, page=page, proof=proof)
        return cast("View[P]", guarded)

    return decorate


def is_poll(request: HttpRequest) -> bool:
    """Whether an element of an open page asks by itself (static/polls.js)."""
    return bool(getattr(request, "htmx", False)) and VERSION_HEADER in request.headers


def record_refusal(request: HttpRequest, code: str) -> None:
    """Record a refusal in the audit log: with the path, without its query."""
    journal.record(
        actor_of(request).entry(action="access.refuse", result="refused", code=code, target=request.path)
    )


def raise_if_rights_changed(request: HttpRequest, error: OperationRefusedError, permission: str) -> None:
    """Raises RightsChangedError, and records it, if the refusal says that the person has lost this permission meanwhile."""
    if error.code == "not_allowed_any_more":
        record_refusal(request, permission)
        raise RightsChangedError(error.code) from error


def check_on_server(request: HttpRequest, permission: str, server: ListedServer) -> None:
    """For pages that change something about a server. A refusal goes into the audit log. Raises PermissionDenied."""
    if not may(request.user, permission, server):
        record_refusal(request, permission)
        raise PermissionDenied(permission)
