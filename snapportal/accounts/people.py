"""Invitations, passwords, roles and details of people. Each change and its audit row are one transaction.

A person may have been changed by somebody else since it was read, so each change is conditional: its transaction checks
that the data it is based on is still the same.
"""

import hashlib
import secrets
from datetime import timedelta

from django.db import IntegrityError
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from snapportal.accounts import statements
from snapportal.accounts.models import Role, User, new_session_seed
from snapportal.accounts.temporary_roles import service as temporary_roles
from snapportal.accounts.ways_in import can_sign_in, may_use_password
from snapshots.audit import journal
from snapshots.audit.journal import Actor, EntryData
from snapshots.audit.wording.shared import ROLE_ONLY
from snapshots.audit.wording.statements import joined

INVITATION_LIFETIME = timedelta(days=3)


PASSWORD_COLUMNS = ("password", "session_seed", "invitation_hash", "invitation_expires_at", "rights_since")


class PersonError(Exception):
    """A change that the rules forbid; its text is shown on the page."""


class PersonChangedError(PersonError):
    """Somebody else changed the person since it was read: nothing was done."""


class InvitationOverError(Exception):
    """The invitation was used, replaced or withdrawn since it was found."""


def _hash_key(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _set_invitation_key(person: User) -> str:
    """Set a new invitation key, without saving; it replaces the previous one. Only its hash is stored."""
    key = secrets.token_urlsafe(32)
    person.invitation_hash = _hash_key(key)
    person.invitation_expires_at = timezone.now() + INVITATION_LIFETIME
    return key


def _clear_invitation_key(person: User) -> None:
    person.invitation_hash = ""
    person.invitation_expires_at = None


def _entry(person: User, action: str, *, actor: Actor, **fields: str) -> EntryData:
    """The row about a change of `person`. The evidence of changed details names the person."""
    return actor.entry(
        action=action,
        target=person.username,
        target_person_id=person.pk,
        evidence_person_id=person.pk if action == "person.change_details" else None,
        **fields,
    )


def invite(person: User, *, actor: Actor) -> tuple[User, str]:
    """Save a new person without a password; return the person and the invitation key. Raises PersonError."""
    person.set_unusable_password()
    key = _set_invitation_key(person)
    try:
        with journal.committed():
            person.save(force_insert=True)
            journal.record(
                _entry(person, "person.invite", evidence=ROLE_ONLY.said(role=person.role), actor=actor)
            )
    except IntegrityError:
        if not User.objects.filter(username=person.username).exists():
            raise
        raise PersonError(
            _("Somebody with this sign-in name was added a moment ago: see the list of people.")
        ) from None
    return person, key


def add_with_password(person: User, password: str, *, actor: Actor) -> None:
    """Save a new person who needs no invitation."""
    person.set_password(password)
    with journal.committed():
        person.save(force_insert=True)
        journal.record(_entry(person, "person.add", evidence=ROLE_ONLY.said(role=person.role), actor=actor))


def renew_invitation(person: User, *, actor: Actor) -> str:
    """Return a new invitation key: to join, or to set a new password. An existing password stays valid until then."""
    if not may_use_password(person):
        raise PersonError(
            _("This person signs in through the identity provider: there is no password to set.")
        )
    key = _set_invitation_key(person)
    with journal.committed():
        renewed = User.objects.filter(pk=person.pk, is_active=True, service_owner=None).update(
            invitation_hash=person.invitation_hash,
            invitation_expires_at=person.invitation_expires_at,
            rights_since=timezone.now(),
        )
        if not renewed and person.is_service_account:
            raise PersonError(_("This is a service account: nobody can sign in with it."))
        if not renewed:
            raise PersonError(_("Activate this person first: a link would lead nowhere."))
        journal.record(_entry(person, "person.invite", evidence=statements.RENEWED.said(), actor=actor))
    return key


def _invited(key_hash: str) -> QuerySet[User]:
    """The active person whose invitation key has this hash, as long as it is valid."""
    return User.objects.filter(
        invitation_hash=key_hash,
        invitation_expires_at__gt=timezone.now(),
        is_active=True,
        service_owner=None,
    )


def find_invited(key: str) -> User | None:
    return _invited(_hash_key(key)).first()


def _replace_password(person: User, password: str, *, actor: Actor, condition: QuerySet[User]) -> bool:
    """Set a new password if `condition` matches the person; else return False. Ends all sessions and the invitation."""
    person.set_password(password)
    person.session_seed = new_session_seed()
    _clear_invitation_key(person)
    with journal.committed():
        if not condition.update(**{name: getattr(person, name) for name in PASSWORD_COLUMNS}):
            return False
        journal.record(_entry(person, "person.set_password", actor=actor))
    return True


def _record_refusal(person: User, code: str, *, actor: Actor) -> None:
    journal.record(_entry(person, "person.set_password", result="refused", code=code, actor=actor))


def accept_invitation(person: User, password: str, *, actor: Actor) -> None:
    """Set the first (or a new) password of `person` as found by `find_invited`. Raises InvitationOverError.

    The key is cleared in the same transaction: of several simultaneous requests only one sets the password.
    """
    invited = _invited(person.invitation_hash)
    person.rights_since = timezone.now()  # whoever has the link need not be the person
    if not _replace_password(person, password, actor=actor, condition=invited):
        _record_refusal(person, "invitation_over", actor=actor)
        raise InvitationOverError(person.username)


def change_password(person: User, password: str, *, actor: Actor) -> None:
    """Replace the password that was checked. Raises PersonChangedError if it was changed meanwhile."""
    condition = User.objects.filter(
        pk=person.pk, password=person.password, is_active=True, service_owner=None
    )
    if not _replace_password(person, password, actor=actor, condition=condition):
        _record_refusal(person, "password_changed", actor=actor)
        raise PersonChangedError(
            _("Your password was changed a moment ago, by somebody who knew it too or with a link.")
        )


def _lock(person: User) -> tuple[User, list[User]]:
    """The person as stored, and the other active admins who can sign in. Locked, so that two admins cannot remove each
    other at once; in the order of their ids, so that neither waits for the other."""
    wanted = Q(pk=person.pk) | Q(role=Role.ADMIN, is_active=True)
    locked = list(User.objects.select_for_update().filter(wanted).order_by("pk"))
    stored = next(one for one in locked if one.pk == person.pk)
    return stored, [one for one in locked if one is not stored and can_sign_in(one)]


def _check_change(before: User, after: User, other_admins: list[User], actor: Actor) -> None:
    """Raises PersonError when the change would leave the actor, or everybody, without access to managing people."""
    loses_admin = (
        before.role == Role.ADMIN and before.is_active and not (after.role == Role.ADMIN and after.is_active)
    )
    if before.is_erased:
        raise PersonError(_("This person is erased: there is nothing to change any more."))
    if before.pk == actor.id and (after.role != before.role or not after.is_active):
        raise PersonError(_("You cannot change your own role or deactivate yourself: ask another admin."))
    if loses_admin and not other_admins:
        raise PersonError(_("This is the last active admin: give somebody else the role first."))


def set_role(person: User, role: str, *, evidence: str, actor: Actor) -> bool:
    """Give `person` the role that an identity provider's groups say. False, and a row, for the last active admin, who keeps it.

    A change ends all sessions of the person at once.
    """
    with journal.committed():
        before, other_admins = _lock(person)
        change = joined([_role_changed(before.role, role), evidence], ", ")
        if before.role == Role.ADMIN and role != Role.ADMIN and not other_admins:
            refused = {"result": "refused", "code": "last_admin"}
            journal.record(_entry(before, "person.change_role", evidence=change, actor=actor, **refused))
            return False
        if role != before.role:
            before.role, before.session_seed, before.rights_since = role, new_session_seed(), timezone.now()
            before.save(update_fields=["role", "session_seed", "rights_since"])
            journal.record(_entry(before, "person.change_role", evidence=change, actor=actor))
    return True


def _differences(before: User, after: User) -> list[tuple[str, str]]:
    """The audit action and evidence of each difference."""
    found = []
    if after.role != before.role:
        found.append(("person.change_role", _role_changed(before.role, after.role)))
    if after.is_active != before.is_active:
        found.append(("person.activate" if after.is_active else "person.deactivate", ""))
    details = [(before.name, after.name), (before.email, after.email)]
    changed = [joined([_detail(old), _detail(new)], " → ") for old, new in details if old != new]
    if changed:
        found.append(("person.change_details", joined(changed)))
    return found


def _role_changed(before: str, after: str) -> str:
    return joined([ROLE_ONLY.said(role=before), ROLE_ONLY.said(role=after)], " → ")


def _detail(value: str) -> str:
    return statements.DETAIL.said(value=value) if value else statements.NO_DETAIL.said()


def _save(person: User, before: User) -> None:
    """Save only the columns that an admin may change: others may have changed since the person was read."""
    columns = ["name", "email", "role", "is_active"]
    if person.role != before.role or not person.is_active:
        person.session_seed = new_session_seed()
        columns.append("session_seed")
    if (person.role, person.is_active, person.email) != (before.role, before.is_active, before.email):
        person.rights_since = timezone.now()
        columns.append("rights_since")
    if not person.is_active:
        _clear_invitation_key(person)
        columns += ["invitation_hash", "invitation_expires_at"]
    person.save(update_fields=columns)


def change(person: User, *, seen: str, actor: Actor) -> None:
    """Save the changed name, e-mail, role and state of `person`. Raises PersonError; then nothing is changed.

    `seen` is the person's `details_key` as shown to the actor; PersonChangedError if it has changed since.
    A change of role or a deactivation ends all sessions of the person at once.
    """
    with journal.committed():
        before, other_admins = _lock(person)
        if seen != before.details_key:
            raise PersonChangedError(_("Somebody else changed this person meanwhile. Nothing was saved."))
        _check_change(before, person, other_admins, actor)
        _save(person, before)
        for action, evidence in _differences(before, person):
            journal.record(_entry(person, action, evidence=evidence, actor=actor))
        if not person.is_active:
            temporary_roles.end_all(person, actor=actor)
