"""Context of every page: navigation, bell, the attention link, and whether the sandbox is the provider."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from snapshots.operations.attention import needing_attention
from snapshots.views import kept_html
from snapshots.views.access import may_open, session_mark
from snapshots.views.frame_facts import Facts, read_facts
from snapshots.views.links import link
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
    {
        *("", "servers", "snapshots", "operations", "jobs", "deletions", "batches", "restore-points"),
        *("freezes", "policies", "requests"),
    }
)


def _section(path: str) -> str:
    """The first part of a path below the portal's base path."""
    return path.removeprefix(link("server_list")).partition("/")[0]


def navigation(request: HttpRequest) -> list[NavigationItem]:
    """The items that the signed-in person may open, in order."""
    match = request.resolver_match
    section = _section(request.path)
    items = []
    for name, permission, label, icon in NAVIGATION_ITEMS:
        if may_open(request.user, permission):
            url = link(name)
            is_current = section in SERVER_SECTIONS if name == "server_list" else section == _section(url)
            items.append(NavigationItem(name, url, label, icon, match is not None and is_current))
    return items


def home_url(user: AbstractBaseUser) -> str:
    """The first navigation item that a person may open; auditors, for example, have no servers."""
    allowed = (name for name, permission, _label, _icon in NAVIGATION_ITEMS if may_open(user, permission))
    return link(next(allowed))


@dataclass(frozen=True)
class Attention:
    """A link to what waits for the person, and how much it is."""

    url: str
    count: int
    is_current: bool


def attention(user: AbstractBaseUser, facts: Facts, path: str) -> Attention | None:
    """None if nothing needs attention."""
    count = len(needing_attention(user)) if facts.has_open_operations else 0
    url = link("operation_attention")
    return Attention(url, count, path == url) if count else None


def questions(facts: Facts, path: str) -> Attention | None:
    """The link to questions of reviewers that the person has not answered; None if there is none."""
    url = link("question_list")
    return Attention(url, facts.questions, path == url) if facts.questions else None


@dataclass(frozen=True)
class Bell:
    """The link to a person's notifications. `newest` is the number of the newest unread one, 0 if there is none."""

    url: str
    count: int
    newest: int
    is_current: bool


def make_bell(facts: Facts, path: str) -> Bell:
    url = link("notification_list")
    return Bell(url, facts.unread, facts.newest, path == url)


@dataclass(frozen=True)
class Frame:
    """What pages show around their content to signed-in people."""

    navigation: list[NavigationItem]
    attention: Attention | None
    questions: Attention | None
    bell: Bell
    misses_worker: bool

    @property
    def key(self) -> str:
        """Of what the navigation shows."""
        items = [(one.name, one.is_current) for one in self.navigation]
        return kept_html.key_of(items, self.attention, self.questions, self.bell)


def make_frame(request: HttpRequest) -> Frame | None:
    """None for anonymous visitors."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return None
    facts = read_facts(user.pk)
    return Frame(
        navigation(request),
        attention(user, facts, request.path),
        questions(facts, request.path),
        make_bell(facts, request.path),
        misses_worker=not facts.has_worker and status.is_missed(),
    )


def frame(request: HttpRequest) -> dict[str, Any]:
    """`frame` is lazy: parts of pages, which show none of it, need no query for it."""
    return {
        "frame": SimpleLazyObject(partial(make_frame, request)),
        "session_mark": session_mark(request),
        "look": getattr(request, "look", None),
        "is_sandbox": settings.SANDBOX,
        "sandbox_speed": settings.SNAPPORTAL_SANDBOX_SPEED,
    }
