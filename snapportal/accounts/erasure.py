"""Erases a person who has left: the account, the tokens and API keys, and the name and addresses everywhere; and old addresses.

What stays: the person's number, and texts that people typed themselves. docs/operators.md, "Forgetting", says why.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from snapportal.accounts import session_service, throttle
from snapportal.accounts.factors import service as factors
from snapportal.accounts.factors.models import Authenticator, Passkey
from snapportal.accounts.models import User, new_session_seed
from snapportal.accounts.oidc.models import FederatedIdentity
from snapportal.accounts.people import PersonError
from snapportal.accounts.session_models import KnownDevice
from snapportal.accounts.statements import KEYS_REMOVED, TOKENS_REMOVED, VIEWS_REMOVED
from snapshots.api.models import ApiKey
from snapshots.audit import erasure, holds, journal
from snapshots.audit.erasure_rows import row_that_erased
from snapshots.audit.journal import Actor
from snapshots.audit.models import Entry
from snapshots.audit.saved_views import service as saved_views
from snapshots.audit.saved_views.models import SavedView
from snapshots.audit.subjects import Subject
from snapshots.jobs.models import Job
from snapshots.operations.models import Operation
from snapshots.vault import tokens
from snapshots.vault.models import StoredToken
from snapshots.views.look import FIELDS

CHANGED_TABLES = (
    Subject,
    User,
    Operation,
    StoredToken,
    ApiKey,
    Authenticator,
    Passkey,
    FederatedIdentity,
    SavedView,
)
"""Where an erasure leaves old versions of rows, until they are cleaned up."""


@dataclass(frozen=True)
class Found:
    """What would be erased: the names in the order of the alphabet, and numbers of the rest."""

    names: list[str]
    subjects: int
    addresses: int
    tokens: int
    api_keys: int
    operations: int


def _names_of(person: User) -> set[str]:
    return (erasure.names_of(person.pk) | {person.username, person.name}) - {""}


def find(person: User) -> Found:
    names = _names_of(person)
    about = Q(actor_id=person.pk) | Q(settled_by_id=person.pk)
    return Found(
        names=sorted(names),
        subjects=erasure.subjects_of_person(person.pk, names).count(),
        addresses=len(erasure.addresses_of(person.pk)),
        tokens=StoredToken.objects.filter(user_id=person.pk).count(),
        api_keys=ApiKey.objects.filter(owner_id=person.pk).count(),
        operations=Operation.objects.filter(about).count(),
    )


def check_may_erase(person: User, *, actor: Actor) -> None:
    """Raises PersonError for a person who is active, erased already, under a legal hold, the keeper of service
    accounts, or the actor.

    A request that was under way during the erasure may have named the person once more: then it can be repeated.
    """
    if person.pk == actor.id:
        raise PersonError(_("You cannot erase yourself: ask another admin."))
    if person.is_erased and not erasure.subjects_of_person(person.pk, []).exists():
        raise PersonError(_("This person is erased already."))
    if person.is_active:
        raise PersonError(_("Deactivate this person first: only people who have left can be erased."))
    if person.service_accounts.exists():
        raise PersonError(
            _("This person looks after service accounts: name somebody else for each of them first.")
        )
    hold = holds.people().get(person.pk)
    if hold is not None:
        raise PersonError(
            _(
                "A legal hold (row %(row)s of the audit log) keeps this person's name: it must be lifted first."
            )
            % {"row": hold.placed_in}
        )


def _anonymise(person: User) -> None:
    person.username = User.erased_username(person.pk)
    person.name = person.email = person.invitation_hash = ""
    for name in FIELDS:
        setattr(person, name, "")
    person.invitation_expires_at = person.last_login = None
    person.session_seed = new_session_seed()
    person.is_active = False
    person.service_owner = None
    person.set_unusable_password()
    person.save()


def erase_person(person: User, *, reason: str, actor: Actor) -> Entry:
    """Erase, irrevocably, and return the row of the log. Raises PersonError; then nothing is changed."""
    with journal.committed():
        person = User.objects.select_for_update().get(pk=person.pk)
        check_may_erase(person, actor=actor)
        names = _names_of(person)
        throttle.forget_addresses(erasure.addresses_of(person.pk))
        removed = tokens.forget_person(person.pk, names)
        keys = ApiKey.objects.filter(owner_id=person.pk).delete()[0]
        views = saved_views.forget_person(person.pk)
        Operation.objects.all().forget_person(person.pk)
        Job.objects.all().forget_person(person.pk)
        session_service.forget_person(person.pk)
        factors.forget_person(person)
        KnownDevice.objects.filter(person=person).delete()
        FederatedIdentity.objects.filter(person=person).delete()
        person.teams.clear()
        _anonymise(person)
        row = erasure.erase_person(
            actor=actor,
            person_id=person.pk,
            names=names,
            reason=reason,
            more=[
                TOKENS_REMOVED.said(count=removed),
                KEYS_REMOVED.said(count=keys) if keys else "",
                VIEWS_REMOVED.said(count=views) if views else "",
            ],
        )
    clean_up()
    return row


def erase_old_addresses(*, actor: Actor) -> Entry | None:
    """Erase the addresses older than SNAPPORTAL_ERASE_ADDRESSES_AFTER_DAYS; None if none is due, or the setting is 0."""
    days: int = settings.SNAPPORTAL_ERASE_ADDRESSES_AFTER_DAYS
    if not days:
        return None
    with journal.committed():
        throttle.forget_old()
        before = timezone.now() - timedelta(days=days)
        row = erasure.erase_addresses(actor=actor, before=before.date())
    if row is not None:
        clean_up()
    return row


def clean_up() -> None:
    """Remove old versions of the changed rows from the database's files, as far as the portal can.

    SQLite overwrites what is deleted (`secure_delete`, see settings.py); the write-ahead log is emptied here. PostgreSQL
    keeps old versions until VACUUM. Neither works inside a transaction; then the database does it later by itself.
    """
    if connection.in_atomic_block:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            for model in CHANGED_TABLES:
                cursor.execute(f"VACUUM {connection.ops.quote_name(model._meta.db_table)}")


def row_of(person: User) -> int | None:
    """The row of the log that records the person's erasure."""
    return row_that_erased(person.pk) if person.is_erased else None
