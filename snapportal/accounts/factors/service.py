"""Adds, removes and resets second factors, each in one transaction with its row of the log."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from snapportal.accounts import session_service, statements
from snapportal.accounts.factors import authenticator, recovery
from snapportal.accounts.factors.models import Authenticator, Passkey, RecoveryCode, WrongCode
from snapportal.accounts.models import User, new_session_seed
from snapshots.audit import journal
from snapshots.audit.journal import Actor, EntryData
from snapshots.audit.wording.statements import joined

ADD: Final = "factor.add"
REMOVE: Final = "factor.remove"
RESET: Final = "factor.reset"
MAKE_CODES: Final = "factor.make_recovery_codes"
USE_CODE: Final = "factor.use_recovery_code"
APP: Final = statements.APP.said()


class FactorError(Exception):
    """A change that the rules forbid; its text is shown on the page."""


@dataclass(frozen=True)
class FactorLine:
    """A factor for lists. `name` is '' for an authenticator app."""

    name: str
    created_at: datetime
    last_used_at: datetime | None
    passkey: Passkey | None = None

    @property
    def host(self) -> str:
        return self.passkey.host if self.passkey else ""


def is_required(person: User) -> bool:
    """Whether the person's role, or one that a team gives or that is temporary, needs a second factor."""
    required = settings.SNAPPORTAL_REQUIRE_SECOND_FACTOR
    if person.role in required or any(team.role in required for team in person.effective_teams):
        return True
    return bool(required) and any(one.role in required for one in person.held_roles)


def has_any(person: User) -> bool:
    return authenticator.find(person) is not None or Passkey.objects.filter(person=person).exists()


def lines(person: User) -> list[FactorLine]:
    """The app first, then passkeys, the oldest first."""
    app = authenticator.find(person)
    found = [FactorLine("", app.confirmed_at or app.created_at, app.last_used_at)] if app else []
    return found + [
        FactorLine(one.name, one.created_at, one.last_used_at, one)
        for one in Passkey.objects.filter(person=person)
    ]


def _entry(actor: Actor, action: str, person: User, *, evidence: str = "", reason: str = "") -> EntryData:
    """The evidence may hold the name that a person gave to a passkey, and is erased with the person."""
    return actor.entry(
        action=action,
        target=person.username,
        target_person_id=person.pk,
        evidence=evidence,
        evidence_person_id=person.pk if evidence else None,
        reason=reason,
    )


def _lock(person: User) -> None:
    """So that of two requests the second one sees what the first one has changed."""
    User.objects.select_for_update().get(pk=person.pk)


def _make_first_codes(actor: Actor, person: User, *, is_first: bool) -> list[str]:
    if not is_first:
        return []
    journal.record(_entry(actor, MAKE_CODES, person))
    return recovery.make(person)


def confirm_authenticator(*, actor: Actor, person: User, row: Authenticator, code: str) -> list[str] | None:
    """End the set-up of an app. None if the code is wrong; else recovery codes to show, if it is the first factor."""
    with journal.committed():
        _lock(person)
        is_first = not has_any(person)
        is_other = authenticator.find(person) is not None
        if not authenticator.confirm(row, code):
            return None
        evidence = joined([APP, statements.OTHER_APP.said() if is_other else ""], ", ")
        journal.record(_entry(actor, ADD, person, evidence=evidence))
        return _make_first_codes(actor, person, is_first=is_first)


def add_passkey(*, actor: Actor, person: User, passkey: Passkey) -> list[str]:
    """Save it. Returns recovery codes to show, if it is the first factor. Raises FactorError, IntegrityError."""
    with journal.committed():
        _lock(person)
        if Passkey.objects.filter(person=person, name=passkey.name).exists():
            raise FactorError(_("You have a passkey with this name."))
        is_first = not has_any(person)
        passkey.save(force_insert=True)
        journal.record(_entry(actor, ADD, person, evidence=statements.NAMED_PASSKEY.said(name=passkey.name)))
        return _make_first_codes(actor, person, is_first=is_first)


def _check_may_remove(person: User) -> bool:
    """Whether this is the last factor. Raises FactorError if the role needs it."""
    is_last = len(lines(person)) == 1
    if is_last and is_required(person):
        raise FactorError(_("Your role needs a second factor: add another one before you remove this one."))
    return is_last


def remove(*, actor: Actor, person: User, passkey: Passkey | None) -> bool:
    """Remove a passkey, or with None the app. With the last factor the recovery codes go too. False if it was gone
    already. Raises FactorError."""
    own = (
        Passkey.objects.filter(person=person, pk=passkey.pk)
        if passkey
        else Authenticator.objects.filter(person=person, confirmed_at__isnull=False)
    )
    with journal.committed():
        _lock(person)
        if not own.exists():
            return False
        is_last = _check_may_remove(person)
        own.delete()
        if is_last:
            RecoveryCode.objects.filter(person=person).delete()
        evidence = statements.NAMED_PASSKEY.said(name=passkey.name) if passkey else APP
        journal.record(
            _entry(
                actor,
                REMOVE,
                person,
                evidence=joined([evidence, statements.LAST_FACTOR.said() if is_last else ""], ", "),
            )
        )
    return True


def make_recovery_codes(*, actor: Actor, person: User) -> list[str]:
    """New codes, to be shown once. Raises FactorError for somebody who has no factor."""
    with journal.committed():
        _lock(person)
        if not has_any(person):
            raise FactorError(_("Add a second factor first."))
        journal.record(_entry(actor, MAKE_CODES, person))
        return recovery.make(person)


def use_recovery_code(*, actor: Actor, person: User, code: str) -> int | None:
    """How many are left; None if the code is not good."""
    with journal.committed():
        if not recovery.use(person, code):
            return None
        left = recovery.left(person)
        journal.record(_entry(actor, USE_CODE, person, evidence=statements.CODES_LEFT.said(count=left)))
    return left


def forget_person(person: User) -> int:
    """Delete all that the person has. Returns how many factors it was. Only inside a transaction."""
    found = len(lines(person))
    for model in (Authenticator, Passkey, RecoveryCode, WrongCode):
        model.objects.filter(person=person).delete()
    return found


def reset(*, actor: Actor, person: User, reason: str) -> bool:
    """Delete all factors and end the person's sessions and sign-ins under way. False if there was no factor."""
    with journal.committed():
        _lock(person)
        names = [statements.NAMED_PASSKEY.said(name=one.name) if one.name else APP for one in lines(person)]
        if not names:
            return False
        forget_person(person)
        session_service.forget_person(person.pk)
        User.objects.filter(pk=person.pk).update(session_seed=new_session_seed(), rights_since=timezone.now())
        journal.record(_entry(actor, RESET, person, evidence=joined(names), reason=reason))
    return True
