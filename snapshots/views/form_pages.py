"""The page with the form that was sent: where the browser goes on when the form could not be read, as after a session ended."""

from typing import Any, Final
from urllib.parse import unquote, urlsplit

from django.http import HttpRequest
from django.urls import NoReverseMatch, Resolver404, ResolverMatch, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme

SHOWS: Final = "GET"


def page_of_form(request: HttpRequest) -> str:
    """The own address where it shows a page; else the page of this portal that the browser names as the form's; else the one
    that the view names; else the front page. A path with its query."""
    match = request.resolver_match
    if _shows_page(match):
        return request.get_full_path()
    return _referring_page(request) or _named_page(match) or reverse("server_list")


def _shows_page(match: ResolverMatch | None) -> bool:
    """Whether GET answers with a page of its own, and not with a redirect."""
    view = getattr(match, "func", None)
    return SHOWS in getattr(view, "methods", ()) and not getattr(view, "page", "")


def _referring_page(request: HttpRequest) -> str:
    named = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(
        named, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return ""
    parts = urlsplit(named)
    try:
        match = resolve(unquote(parts.path))
    except Resolver404:
        return ""
    return parts._replace(scheme="", netloc="", fragment="").geturl() if _shows_page(match) else ""


def _named_page(match: ResolverMatch | None) -> str:
    name = getattr(getattr(match, "func", None), "page", "")
    return url_of_page(name, match.kwargs) if match and name else ""


def url_of_page(name: str, arguments: dict[str, Any]) -> str:
    """Of the page with this name: the one about the same thing, or one that is about nothing in particular."""
    try:
        return reverse(name, kwargs=arguments)
    except NoReverseMatch:
        return reverse(name)
