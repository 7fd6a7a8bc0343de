"""Context of every page: navigation, the attention link, and whether the sandbox is the provider."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from snapshots.notifications import personal
from snapshots.operations.attention import needing_attention
from snapshots.worker import status

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

NAVIGATION_ITEMS: tuple[tuple[str, str, "StrPromise", str], ...] = (
    ("server_list", "snapshots.see", _("Servers"), "server"),
    ("schedule_list", "snapshots.see", _("Schedules"), "clock"),
    ("token_list", "snapshots.keep_token", _("Tokens"), "key"),
    ("entry_list", "audit.read", _("Audit log"), "scroll-text"),
    ("person_list", "people.manage", _("People"), "users"),
    ("system_detail", "system.see", _("System"), "server"),
    ("help_page", "signed_in", _("Help"), "circle-help"),
)
"""URL name, required permission, label, icon name."""


@dataclass(frozen=True)
class NavigationItem:
    """One item of the navigation."""

    name: str
    url: str
    label: "StrPromise"
    icon: str
    is_current: bool


SERVER_SECTIONS = frozenset(
    {"", "servers", "snapshots", "operations", "jobs", "deletions", "batches", "restore-points"}
)


def _section(path: str) -> str:
    """The first part of a path below the portal's base path."""
    return path.removeprefix(reverse("server_list")).partition("/")[0]


def _may_open(user: AbstractBaseUser, permission: str) -> bool:
    return permission == "signed_in" or user.has_perm(permission)  # type: ignore[attr-defined]


def navigation(request: HttpRequest) -> list[NavigationItem]:
    """The items that the signed-in person may open, in order; none for anonymous visitors."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return []
    match = request.resolver_match
    section = _section(request.path)
    items = []
    for name, permission, label, icon in NAVIGATION_ITEMS:
        if _may_open(user, permission):
            url = reverse(name)
            is_current = section in SERVER_SECTIONS if name == "server_list" else section == _section(url)
            items.append(NavigationItem(name, url, label, icon, match is not None and is_current))
    return items


def home_url(user: AbstractBaseUser) -> str:
    """The first navigation item that a person may open; auditors, for example, have no servers."""
    allowed = (name for name, permission, _label, _icon in NAVIGATION_ITEMS if _may_open(user, permission))
    return reverse(next(allowed))


@dataclass(frozen=True)
class Attention:
    """The link to operations that need attention, and their number."""

    url: str
    count: int
    is_current: bool


def attention(request: HttpRequest) -> Attention | None:
    """None if nothing needs attention, and for anonymous visitors."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return None
    count = len(needing_attention(user))
    url = reverse("operation_attention")
    return Attention(url, count, request.path == url) if count else None


@dataclass(frozen=True)
class Bell:
    """The link to a person's notifications. `newest` is the number of the newest unread one, 0 if there is none."""

    url: str
    count: int
    newest: int
    is_current: bool


def bell(request: HttpRequest) -> Bell | None:
    """None for anonymous visitors."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return None
    unread = personal.newest_unread(user)
    url = reverse("notification_list")
    return Bell(url, len(unread), unread[0] if unread else 0, request.path == url)


def misses_worker(request: HttpRequest) -> bool:
    """Whether signed-in people are told that nothing goes on by itself now."""
    user = getattr(request, "user", None)
    return user is not None and user.is_authenticated and status.is_missed()


def frame(request: HttpRequest) -> dict[str, Any]:
    """`navigation` is lazy: pages that do not show it need no database query for the person."""
    return {
        "navigation": partial(navigation, request),
        "attention": partial(attention, request),
        "bell": partial(bell, request),
        "misses_worker": partial(misses_worker, request),
        "is_sandbox": settings.SANDBOX,
        "sandbox_speed": settings.SNAPPORTAL_SANDBOX_SPEED,
    }
