"""Whose account it is that the identity provider's statement speaks of, and with which role.

A person is known by the provider's subject. One who is not yet is recognised by an e-mail address that the provider has verified;
else an account is made, if a group gives a role. What is not certain is refused: an account must not go to somebody else.
"""

from dataclasses import dataclass
from typing import Final

from django.db import IntegrityError
from django.utils import timezone

from snapportal.accounts import people, session_service
from snapportal.accounts.models import User
from snapportal.accounts.oidc.errors import RefusedError
from snapportal.accounts.oidc.id_tokens import Claims
from snapportal.accounts.oidc.models import FederatedIdentity
from snapportal.accounts.oidc.names import free_username, shown_name
from snapportal.accounts.oidc.provider import configured
from snapportal.accounts.statements import BY_EMAIL, BY_GROUPS, BY_SINGLE_SIGN_ON, FOR_NEW_PERSON, ISSUER
from snapportal.accounts.ways_in import is_break_glass
from snapportal.sign_in_settings import ROLES_FROM_HIGHEST
from snapshots.audit import journal
from snapshots.audit.journal import Actor
from snapshots.audit.wording.shared import ROLE_ONLY
from snapshots.audit.wording.statements import joined

TRIES: Final = 3
"""To make an account: another request may take the same sign-in name meanwhile."""


class NotAdmittedError(RefusedError):
    """The provider says who it is, and this person may not come in. `person`: whose account it is about, if anybody's."""

    claims: Claims

    def __init__(self, code: str, person: User | None = None) -> None:
        super().__init__(code)
        self.person = person


@dataclass(frozen=True)
class Admission:
    """Who may come in. `keeps_role`: the groups say another role, and this is the last active admin."""

    person: User
    keeps_role: bool


def admit(claims: Claims, *, actor: Actor) -> Admission:
    """Link, make or change the account as the provider's statement asks for. Raises NotAdmittedError."""
    try:
        return _admit(claims, actor)
    except NotAdmittedError as error:
        error.claims = claims
        raise


def _admit(claims: Claims, actor: Actor) -> Admission:
    identity = _identity(claims)
    person = identity.person if identity else _find_by_email(claims)
    if person is not None and (not person.is_active or person.is_service_account):
        raise NotAdmittedError("inactive", person)
    groups = _deciding_groups(claims)
    role = _role(groups, claims, person, actor)
    if person is None:
        return Admission(_create(claims, role, _evidence(groups), actor), keeps_role=False)
    if identity is None:
        _link(person, claims, actor)
    FederatedIdentity.objects.filter(issuer=configured().issuer, person=person).update(used_at=timezone.now())
    is_set = not role or people.set_role(person, role, evidence=_evidence(groups), actor=actor)
    return Admission(User.objects.get(pk=person.pk), keeps_role=not is_set)


def _identity(claims: Claims) -> FederatedIdentity | None:
    found = FederatedIdentity.objects.filter(issuer=configured().issuer, subject=claims.subject)
    return found.select_related("person").first()


def _find_by_email(claims: Claims) -> User | None:
    """The one active person with this address. Raises NotAdmittedError if somebody has it and it cannot decide."""
    if not claims.email:
        return None
    similar = User.objects.filter(email__iexact=claims.email, service_owner=None)
    same = [one for one in similar if _folded(one.email) == _folded(claims.email)]
    active = [one for one in same if one.is_active]
    if not same:
        return None
    if not claims.is_email_verified:
        raise NotAdmittedError("email_not_verified")
    if not active:
        raise NotAdmittedError("inactive", same[0])
    if len(active) > 1:
        raise NotAdmittedError("several_people")
    if active[0].identities.filter(issuer=configured().issuer).exists():
        raise NotAdmittedError("linked_to_another", active[0])
    return active[0]


def _folded(email: str) -> bytes:
    """In small letters: of ASCII alone, as databases and Unicode hold other letters for equal that mail servers tell apart."""
    return email.encode().lower()


def _deciding_groups(claims: Claims) -> list[str]:
    return sorted(claims.groups & configured().roles.keys())


def _evidence(groups: list[str]) -> str:
    return BY_GROUPS.said(groups=groups) if groups else BY_SINGLE_SIGN_ON.said()


def _role(groups: list[str], claims: Claims, person: User | None, actor: Actor) -> str:
    """The role that the groups give; '' if the portal gives it. Raises NotAdmittedError."""
    roles = configured().roles
    if person is not None and (not roles or is_break_glass(person.username)):
        return ""
    if groups:
        return min((roles[one] for one in groups), key=ROLES_FROM_HIGHEST.index)
    if not roles:
        raise NotAdmittedError("unknown_person")
    if person is not None:
        session_service.end_all(actor=actor, person=person)
    raise NotAdmittedError("groups_left_out" if claims.lacks_groups else "not_in_a_group", person)


def _link_entry(person: User, evidence: str, actor: Actor) -> journal.EntryData:
    return actor.entry(
        action="person.link_identity",
        target=person.username,
        target_person_id=person.pk,
        evidence=joined([ISSUER.said(issuer=configured().issuer), evidence], ", "),
    )


def _save_identity(person: User, claims: Claims) -> None:
    FederatedIdentity.objects.create(
        person=person, issuer=configured().issuer, subject=claims.subject, used_at=timezone.now()
    )


def _link(person: User, claims: Claims, actor: Actor) -> None:
    try:
        with journal.committed():
            _save_identity(person, claims)
            User.objects.filter(pk=person.pk).update(rights_since=timezone.now())
            journal.record(_link_entry(person, BY_EMAIL.said(), actor))
    except IntegrityError:  # another request was faster
        found = _identity(claims)
        if found is None or found.person_id != person.pk:
            raise NotAdmittedError("linked_to_another", person) from None


def _create(claims: Claims, role: str, evidence: str, actor: Actor) -> User:
    for _try in range(TRIES):
        person = User(
            username=free_username(claims.username or claims.email.partition("@")[0]), role=role, name=""
        )
        person.name = shown_name(claims.name, person.username)
        person.email = claims.email if claims.is_email_verified else ""
        person.set_unusable_password()
        try:
            with journal.committed():
                person.save(force_insert=True)
                _save_identity(person, claims)
                journal.record(
                    actor.entry(
                        action="person.add",
                        target=person.username,
                        target_person_id=person.pk,
                        evidence=joined([ROLE_ONLY.said(role=role), evidence], ", "),
                    )
                )
                journal.record(_link_entry(person, FOR_NEW_PERSON.said(), actor))
        except IntegrityError:
            continue
        return person
    raise NotAdmittedError("linked_to_another")
