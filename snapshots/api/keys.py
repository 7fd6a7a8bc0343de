"""Makes, finds and revokes API keys. Every change is a row of the log."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import DatabaseError, IntegrityError
from django.utils import timezone

from snapshots import sql
from snapshots.api import secrets, statements
from snapshots.api.models import RIGHTS, ApiKey, ApiKeyQuerySet
from snapshots.audit import journal
from snapshots.audit.journal import Actor, EntryData
from snapshots.audit.wording.shared import rights_said, servers_said
from snapshots.audit.wording.statements import joined
from snapshots.connection import Person
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.rights import may_in_part
from snapshots.vault.models import StoredToken

log = structlog.get_logger()

DEFAULT_DAYS: Final = 90
LONGEST_DAYS: Final = 366
USED_EVERY: Final = timedelta(minutes=1)
"""How exactly the last use is stored: a write for each request would cost more than most of them."""
MANAGE: Final = "people.manage"
SEE: Final = "snapshots.see"


class DuplicateKeyNameError(Exception):
    """The owner has a valid key with this name."""


class KeyNotMadeError(Exception):
    """The rules forbid it; `code` is rights, token, days or owner."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a new key shall be allowed. `server_ids` empty: all servers that the token shows. `days`: until it expires."""

    name: str
    rights: Collection[str]
    token: StoredToken | None
    server_ids: Sequence[int] = ()
    days: int = DEFAULT_DAYS
    needs_reason: bool = False


def visible_to(person: Person) -> ApiKeyQuerySet:
    """A person's own keys, those of the service accounts that they look after, and for admins all."""
    found = ApiKey.objects.select_related("owner__service_owner", "token")
    if person.has_perm(MANAGE):  # type: ignore[union-attr]
        return found
    return found.filter(owner_id=person.pk or 0) | found.filter(owner__service_owner_id=person.pk or 0)


def find(secret: str) -> ApiKey | None:
    """The key with this text, valid or not; its owner and token are read when they are asked for."""
    if not secrets.is_well_formed(secret):
        return None
    return sql.first(ApiKey, "WHERE digest = %s", [secrets.digest_of(secret)])


def problem(key: ApiKey, owner: AbstractBaseUser) -> str:
    """Why it may not be used: key_revoked, key_expired or owner_inactive; '' if it may."""
    if key.revoked_at is not None:
        return "key_revoked"
    if key.is_expired():
        return "key_expired"
    if not is_alive(owner):
        return "owner_inactive"
    return ""


def is_alive(owner: AbstractBaseUser) -> bool:
    """Active; and of a service account, the person who looks after it too."""
    return owner.is_active and not owner.lacks_keeper  # type: ignore[attr-defined]


def note_use(key: ApiKey) -> None:
    """What only reads works while nothing can be written, so a failure is only logged."""
    now = timezone.now()
    if key.last_used_at is not None and now - USED_EVERY < key.last_used_at <= now:
        return
    try:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    except DatabaseError as error:
        log.warning("api_key.use_not_noted", error=type(error).__name__)


def create(*, actor: Actor, owner: AbstractBaseUser, wish: Wish) -> tuple[ApiKey, str]:
    """The new key, and its text, which is stored nowhere.

    Raises KeyNotMadeError, DuplicateKeyNameError, JournalUnavailableError.
    """
    secret, now = secrets.new_secret(), timezone.now()
    key = ApiKey(
        owner_id=owner.pk,
        name=wish.name,
        shown_part=secrets.shown_part(secret),
        digest=secrets.digest_of(secret),
        rights=_with_sight(wish.rights),
        server_ids=sorted(set(wish.server_ids)),
        token=wish.token,
        needs_reason=wish.needs_reason,
        created_at=now,
        created_by_id=int(actor.id or 0),
        expires_at=now + timedelta(days=wish.days),
    )
    try:
        with journal.committed():
            journal.record(_entry(key, owner, "api_key.create", actor, limits=_limits(key)))
            _check(wish, owner)
            _free_name(key, owner, actor)
            key.save(force_insert=True)
    except IntegrityError:
        raise DuplicateKeyNameError(wish.name) from None
    return key, secret


def _with_sight(rights: Collection[str]) -> list[str]:
    """Whoever changes something must see what became of it."""
    changes = any(one.startswith("snapshots.") for one in rights)
    return [one for one in RIGHTS if one in rights or (changes and one == SEE)]


def _check(wish: Wish, owner: AbstractBaseUser) -> None:
    """Under the log's lock, so that a role that was just changed counts."""
    person = get_user_model().objects.filter(pk=owner.pk).first()
    if person is None or not is_alive(person):
        raise KeyNotMadeError("owner")
    if not wish.rights or not all(one in RIGHTS and may_in_part(person, one) for one in wish.rights):
        raise KeyNotMadeError("rights")
    if not 0 < wish.days <= LONGEST_DAYS:
        raise KeyNotMadeError("days")
    needs_token = any(one.startswith("snapshots.") for one in wish.rights)
    token = StoredToken.objects.filter(pk=wish.token.pk).first() if wish.token else None
    if (wish.token or needs_token) and (token is None or token.user_id != person.pk):
        raise KeyNotMadeError("token")


def _free_name(key: ApiKey, owner: AbstractBaseUser, actor: Actor) -> None:
    """An expired key of this name is revoked: it works no more, and must not keep its successor from being made."""
    expired = ApiKey.objects.filter(
        owner_id=owner.pk, name=key.name, revoked_at=None, expires_at__lte=key.created_at
    )
    for one in expired.select_related("owner", "token"):
        _revoke(one, actor, "Expired; a new key has its name.")


def revoke(*, actor: Actor, key: ApiKey, reason: str = "") -> bool:
    """It is refused from now on, also what is being checked with it. False if it was revoked already."""
    with journal.committed():
        return _revoke(key, actor, reason)


def _revoke(key: ApiKey, actor: Actor, reason: str) -> bool:
    moved = ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(
        revoked_at=timezone.now(), revoked_by_id=int(actor.id or 0)
    )
    if moved:
        journal.record(_entry(key, key.owner, "api_key.revoke", actor, reason=reason))
    return bool(moved)


def check_still_valid(key_id: str, right: str, server_id: int | None) -> None:
    """In the transaction of an intent, under the log's lock, where the person's own right is checked too.

    Raises OperationRefusedError.
    """
    stored = ApiKey.objects.select_related("owner").filter(pk=key_id).first()
    if stored is None or problem(stored, stored.owner) or right not in stored.rights:
        raise OperationRefusedError("not_allowed_any_more")
    if server_id is not None and not stored.reaches(server_id):
        raise OperationRefusedError("not_allowed_any_more")


def _entry(
    key: ApiKey, owner: AbstractBaseUser, action: str, actor: Actor, *, limits: str = "", reason: str = ""
) -> EntryData:
    return actor.entry(
        action=action,
        target=str(owner),
        target_person_id=owner.pk,
        evidence=joined([statements.KEY.said(name=key.name, shown=key.shown_part, id=key.pk), limits]),
        reason=reason,
        token_label=key.token.label if key.token else "",
        token_fingerprint=key.token.fingerprint if key.token else "",
    )


def _limits(key: ApiKey) -> str:
    reason = statements.NEEDS_REASON if key.needs_reason else statements.NEEDS_NO_REASON
    return joined(
        [
            rights_said(key.rights),
            servers_said(key.server_ids or None),
            statements.VALID_UNTIL.said(day=key.expires_at.date()),
            reason.said(),
        ]
    )
