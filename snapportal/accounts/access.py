"""What a person may do on which server, and why: the role, a team or a temporary role; the stored token and its limits.

It says what the portal would decide now, by the same rules (User.has_perm, StoredToken.reaches and allows), as far as the
lists tell that were last read. It calls nobody.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils import timezone
from django.utils.html import conditional_escape, escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from snapportal.accounts.models import Role, User
from snapshots.inventory.shown_servers import all_names_shown_with
from snapshots.operations.rights import least
from snapshots.templatetags.formats import local_text
from snapshots.templatetags.portal import with_names
from snapshots.vault.models import StoredToken
from snapshots.views.stored_tokens import limited_by

VERBS: Final = ("see", "create", "restore", "delete")


@dataclass(frozen=True)
class Verdict:
    """Whether one thing is allowed, and why."""

    is_allowed: bool
    why: str


@dataclass(frozen=True)
class Access:
    """What one person may do on one server with one stored token: a verdict for each of VERBS."""

    person: User
    token: StoredToken
    server_id: int
    server_name: str
    verdicts: tuple[Verdict, ...]

    @property
    def is_any(self) -> bool:
        return any(one.is_allowed for one in self.verdicts)


def ground(person: User, permission: str, server_id: int) -> str:
    """What gives the person this permission on this server; '' if nothing does."""
    if person.has_own_perm(permission):
        return _("Role %(role)s") % {"role": Role(person.role).label}
    for team in person.teams_with(permission):
        if team.covers(server_id):
            return with_names(_("Team %(name)s"), name=team)
    for one in person.temporary_roles_for(permission, server_id):
        return _("Temporary role %(role)s until %(end)s") % {
            "role": one.get_role_display(),
            "end": local_text(one.ends_at or timezone.now()),
        }
    return ""


def verdict(person: User, token: StoredToken, server_id: int, verb: str) -> Verdict:
    """The first obstacle, or else what gives the right."""
    permission = f"snapshots.{verb}"
    if not person.is_active:
        return Verdict(False, _("The person is deactivated"))
    if person.lacks_keeper:
        return Verdict(False, _("Nobody looks after the service account"))
    why = ground(person, permission, server_id)
    if not why and (own := ground(person, least(permission), server_id)):
        why = SafeString(escape(_("Only their own snapshots: %(why)s")) % {"why": conditional_escape(own)})
    if not why:
        return Verdict(False, _("Role %(role)s") % {"role": Role(person.role).label})
    if not (token.reaches(server_id) and token.allows(permission)):
        return Verdict(False, limited_by(token))
    if token.refused_at is not None:
        return Verdict(False, _("VPS.org refuses the token"))
    return Verdict(True, why)


def access(person: User, token: StoredToken, server_id: int, name: str) -> Access:
    verdicts = tuple(verdict(person, token, server_id, verb) for verb in VERBS)
    return Access(person, token, server_id, name, verdicts)


def of_person(person: User) -> list[Access]:
    """By token, and by name of the server."""
    tokens = StoredToken.objects.filter(user_id=person.pk).order_by("label", "pk")
    return [
        access(person, token, server_id, name)
        for token in tokens
        for server_id, name in (all_names_shown_with(token) or {}).items()
    ]


def of_server(server_id: int) -> list[Access]:
    """Of everybody who may do anything on it, by name. Who has several tokens that show it is there several times."""
    tokens = StoredToken.objects.select_related("user__service_owner").order_by("user__name", "label", "pk")
    names = {one: _name_with(one, server_id) for one in tokens}
    found = [access(one.user, one, server_id, name) for one, name in names.items() if name]
    return [one for one in found if one.is_any]


def _name_with(token: StoredToken, server_id: int) -> str:
    return (all_names_shown_with(token) or {}).get(server_id, "")


def unread(tokens: Iterable[StoredToken]) -> Sequence[StoredToken]:
    """Those of which nobody knows yet what they show."""
    return [one for one in tokens if all_names_shown_with(one) is None]
