"""Service accounts: people that cannot sign in, whose API keys scripts use, each with a person who looks after it."""

from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _

from snapportal.accounts.models import User
from snapportal.accounts.people import PersonError
from snapportal.accounts.statements import KEEPER_CHANGED, LOOKED_AFTER_BY
from snapshots.audit import journal
from snapshots.audit.journal import Actor, EntryData
from snapshots.audit.wording.shared import ROLE_ONLY
from snapshots.audit.wording.statements import joined


def _entry(account: User, action: str, evidence: str, *, keeper: User, actor: Actor) -> EntryData:
    """The evidence names the keeper, so that the name can be erased."""
    return actor.entry(
        action=action,
        target=account.username,
        target_person_id=account.pk,
        evidence=evidence,
        evidence_person_id=keeper.pk,
    )


def _locked_keeper(keeper: User) -> User:
    """As stored, under the log's lock. Raises PersonError for somebody who cannot look after a service account."""
    found = User.objects.select_for_update().filter(pk=keeper.pk, is_active=True, service_owner=None).first()
    if found is None:
        raise PersonError(_("This person was deactivated meanwhile: choose somebody else."))
    return found


def add(account: User, *, keeper: User, actor: Actor) -> User:
    """Save a new service account. Raises PersonError; then nothing is changed."""
    account.set_unusable_password()
    account.service_owner = keeper
    try:
        with journal.committed():
            stored = _locked_keeper(keeper)
            account.save(force_insert=True)
            role, keeper_name = ROLE_ONLY.said(role=account.role), LOOKED_AFTER_BY.said(name=stored)
            evidence = joined([role, keeper_name])
            journal.record(
                _entry(account, "person.add_service_account", evidence, keeper=stored, actor=actor)
            )
    except IntegrityError:
        if not User.objects.filter(username=account.username).exists():
            raise
        raise PersonError(
            _("Somebody with this sign-in name was added a moment ago: see the list of people.")
        ) from None
    return account


def change_keeper(account: User, *, keeper: User, actor: Actor) -> bool:
    """False if this person looks after it already. Raises PersonError; then nothing is changed."""
    with journal.committed():
        stored = User.objects.select_for_update().get(pk=account.pk)
        if not stored.is_service_account:
            raise PersonError(_("This is not a service account."))
        if stored.service_owner_id == keeper.pk:
            return False
        before, after = stored.service_owner_id, _locked_keeper(keeper)
        # Whoever looked after it may be the second of two people from now on, of which everybody is told.
        User.objects.filter(pk=account.pk).update(service_owner=after, rights_since=timezone.now())
        evidence = KEEPER_CHANGED.said(name=after, before=before)
        journal.record(_entry(account, "person.change_keeper", evidence, keeper=after, actor=actor))
    return True
