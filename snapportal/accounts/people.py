"""The rules about people: who may become what, and how a person comes in. Each change and its audit row are one."""

import hashlib
import secrets
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from snapportal.accounts.models import Role, User, new_session_seed
from snapshots.audit import journal
from snapshots.audit.journal import Actor

INVITATION_LIFETIME = timedelta(days=3)


class PersonError(Exception):
    """A change that the rules forbid; its text is a sentence for people."""


def _hash_key(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _give_key(person: User) -> str:
    """Give a person (not yet saved) a new invitation key, which voids the one before. Only its hash is kept."""
    key = secrets.token_urlsafe(32)
    person.invitation_hash = _hash_key(key)
    person.invitation_expires_at = timezone.now() + INVITATION_LIFETIME
    return key


def _void_key(person: User) -> None:
    person.invitation_hash = ""
    person.invitation_expires_at = None


def invite(person: User, *, actor: Actor) -> tuple[User, str]:
    """Save a new person, who has no password yet, and return him with the key of his invitation."""
    person.set_unusable_password()
    key = _give_key(person)
    with journal.committed():
        person.save(force_insert=True)
        journal.record(actor.entry(action="person.invite", target=person.username, evidence=person.role))
    return person, key


def add_with_password(person: User, password: str, *, actor: Actor) -> None:
    """Save a new person who needs no invitation."""
    person.set_password(password)
    with journal.committed():
        person.save(force_insert=True)
        journal.record(actor.entry(action="person.add", target=person.username, evidence=person.role))


def renew_invitation(person: User, *, actor: Actor) -> str:
    """A new link for a person: to join, or to set a new password. What password he has stays valid until then."""
    if not person.is_active:
        raise PersonError(_("Activate this person first: a link would lead nowhere."))
    key = _give_key(person)
    with journal.committed():
        person.save(update_fields=["invitation_hash", "invitation_expires_at"])
        journal.record(actor.entry(action="person.invite", target=person.username, evidence="renewed"))
    return key


def find_invited(key: str) -> User | None:
    """The active person whose invitation key this is, as long as it is valid."""
    return User.objects.filter(
        invitation_hash=_hash_key(key), invitation_expires_at__gt=timezone.now(), is_active=True
    ).first()


def set_password(person: User, password: str, *, actor: Actor) -> None:
    """Set a new password. All sessions of the person end, and an invitation is used up."""
    with journal.committed():
        person.set_password(password)
        person.session_seed = new_session_seed()
        _void_key(person)
        person.save(update_fields=["password", "session_seed", "invitation_hash", "invitation_expires_at"])
        journal.record(actor.entry(action="person.set_password", target=person.username))


def _other_admins(person: User) -> list[User]:
    """Active admins besides `person` who can sign in, locked so that two cannot remove each other at once."""
    admins = User.objects.select_for_update().filter(role=Role.ADMIN, is_active=True).order_by("pk")
    return [admin for admin in admins if admin.pk != person.pk and admin.has_joined]


def _check_change(before: User, after: User, actor: Actor) -> None:
    """Raises PersonError when the change would lock the actor, or everybody, out of the looking after people."""
    loses_admin = (
        before.role == Role.ADMIN and before.is_active and not (after.role == Role.ADMIN and after.is_active)
    )
    if before.pk == actor.id and (after.role != before.role or not after.is_active):
        raise PersonError(_("You cannot change your own role or deactivate yourself: ask another admin."))
    if loses_admin and not _other_admins(before):
        raise PersonError(_("This is the last active admin: give somebody else the role first."))


def _stories(before: User, after: User) -> list[tuple[str, str]]:
    """The audit action and evidence of each thing that differs."""
    stories = []
    if after.role != before.role:
        stories.append(("person.change_role", f"{before.role} → {after.role}"))
    if after.is_active != before.is_active:
        stories.append(("person.activate" if after.is_active else "person.deactivate", ""))
    details = [(before.name, after.name), (before.email, after.email)]
    changed = [f"{old or '-'} → {new or '-'}" for old, new in details if old != new]
    if changed:
        stories.append(("person.change_details", "; ".join(changed)))
    return stories


def change(person: User, *, actor: Actor) -> None:
    """Save the changed name, e-mail, role and state of `person`. Raises PersonError; then nothing is changed.

    A change of role or a deactivation ends all sessions of the person at once.
    """
    with journal.committed():
        before = User.objects.select_for_update().get(pk=person.pk)
        _check_change(before, person, actor)
        if person.role != before.role or not person.is_active:
            person.session_seed = new_session_seed()
        if not person.is_active:
            _void_key(person)
        person.save(
            update_fields=[
                "name", "email", "role", "is_active", "session_seed", "invitation_hash", "invitation_expires_at",
            ]
        )  # fmt: skip
        for action, evidence in _stories(before, person):
            journal.record(actor.entry(action=action, target=person.username, evidence=evidence))
