"""Adds, changes and removes teams. Each change and its rows of the log are one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _

from snapportal.accounts.models import ROLES_WITH_SERVERS, User
from snapportal.accounts.people import PersonChangedError, PersonError
from snapportal.accounts.statements import MEMBERS, TEAM
from snapportal.accounts.team_models import Team
from snapshots.audit import journal
from snapshots.audit.journal import Actor
from snapshots.audit.wording.statements import joined


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a team shall be. `servers`: ID → name; None for all, also those to come."""

    name: str
    role: str
    servers: Mapping[int, str] | None

    def fill(self, team: Team) -> None:
        team.name, team.role = self.name, self.role
        team.servers = None if self.servers is None else [[pk, name] for pk, name in self.servers.items()]
        team.changed_at = timezone.now()


def may_be_member(person: User) -> bool:
    """Roles without servers, such as the auditor's, get none by a team."""
    return person.is_active and person.role in ROLES_WITH_SERVERS


def _locked(team: Team) -> Team:
    found = Team.objects.select_for_update().filter(pk=team.pk).first()
    if found is None:
        raise PersonChangedError(_("This team was removed meanwhile. Nothing was changed."))
    return found


def _named(team: Team) -> str:
    """For the log, with its name."""
    return joined([TEAM.said(name=team.name), team.described()], " ")


def _record(team: Team, action: str, *, actor: Actor, evidence: str) -> None:
    journal.record(actor.entry(action=action, target=team.name, evidence=evidence))


def add(wish: Wish, *, actor: Actor) -> Team:
    """Raises PersonError for a name that another team has."""
    team = Team()
    wish.fill(team)
    try:
        with journal.committed():
            team.save(force_insert=True)
            _record(team, "team.add", actor=actor, evidence=team.described())
    except IntegrityError:
        raise PersonError(_("There is a team with this name already.")) from None
    return team


def change(team: Team, wish: Wish, *, seen: datetime, actor: Actor) -> None:
    """`seen`: when the team that the actor saw was changed last. Takes effect at once. Raises PersonError."""
    try:
        with journal.committed():
            row = _locked(team)
            if row.changed_at != seen:
                raise PersonChangedError(_("Somebody else changed this team meanwhile. Nothing was saved."))
            before = _named(row)
            wish.fill(row)
            row.save()
            _record(row, "team.change", actor=actor, evidence=joined([before, _named(row)], " → "))
    except IntegrityError:
        raise PersonError(_("There is a team with this name already.")) from None


def remove(team: Team, *, actor: Actor) -> None:
    """Its members keep their own roles. Raises PersonError."""
    with journal.committed():
        row = _locked(team)
        count = row.members.count()
        _record(
            row, "team.remove", actor=actor, evidence=joined([row.described(), MEMBERS.said(count=count)])
        )
        row.delete()


def set_member(team: Team, person: User, *, is_member: bool, actor: Actor) -> bool:
    """Put a person into a team, or take them out. False if it was so already. Raises PersonError."""
    with journal.committed():
        row = _locked(team)
        stored = User.objects.select_for_update().get(pk=person.pk)
        if is_member and not may_be_member(stored):
            raise PersonError(
                _("A person who is deactivated, or whose role has no servers, cannot be in a team.")
            )
        if row.members.filter(pk=stored.pk).exists() == is_member:
            return False
        change_members = row.members.add if is_member else row.members.remove
        change_members(stored)
        if is_member:
            User.objects.filter(pk=stored.pk).update(rights_since=timezone.now())
        journal.record(
            actor.entry(
                action="team.add_member" if is_member else "team.remove_member",
                target=stored.username,
                target_person_id=stored.pk,
                evidence=_named(row),
            )
        )
    return True
