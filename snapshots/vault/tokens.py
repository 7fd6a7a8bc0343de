"""Stores, replaces and decrypts tokens. Nothing here writes the audit log; service.py does."""

from collections.abc import Iterable, Mapping, Sequence

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS
from django.db.models import QuerySet
from django.utils import timezone

from snapshots.vault import crypto
from snapshots.vault.crypto import Binding, KeyMissingError, SealError
from snapshots.vault.limits import CLOSED, Limits
from snapshots.vault.models import StoredToken, new_token_id
from snapshots.vault.sealed_rows import check_key, seal_again

TOKEN_COLUMNS = ("stored_by_name", "key_id", "sealed", "fingerprint", "hint")
CHECK_COLUMNS = (
    "checked_at", "refused_at", "account_email", "account_name", "token_name", "permissions", "server_names", "server_count",
)  # fmt: skip
"""What the provider said about the token."""
LIMIT_COLUMNS = ("limited_servers", "limited_rights", "limited_by_id", "limited_at", "limit_reason")


class DuplicateLabelError(Exception):
    """The user already has a token with this label."""


class TokenChangedError(Exception):
    """The stored token was removed or replaced after it was read."""


def fingerprint_of(token: str) -> str:
    return crypto.fingerprint(token, secret=settings.SECRET_KEY)


def _binding(stored: StoredToken) -> Binding:
    return Binding(StoredToken._meta.db_table, "sealed", stored.pk, stored.user_id)


def _unchanged(stored: StoredToken) -> QuerySet[StoredToken]:
    """The row, if it still holds the token of `stored`. Encryption with another key does not count as a change."""
    return StoredToken.objects.filter(pk=stored.pk, fingerprint=stored.fingerprint)


def _write(row: QuerySet[StoredToken], stored: StoredToken, columns: Sequence[str]) -> None:
    """Update with update(), because save() would insert a removed row again. Raises TokenChangedError when the row is gone."""
    if not row.update(**{column: getattr(stored, column) for column in columns}):
        raise TokenChangedError(stored.pk)


def can_decrypt(stored: StoredToken) -> bool:
    try:
        decrypt(stored)
    except SealError:
        return False
    return True


def check_keys(using: str = DEFAULT_DB_ALIAS) -> None:
    """Raises KeyMismatchError when a key of the ring decrypts none of its tokens, KeyMissingError when there is no key."""
    ring = settings.SNAPPORTAL_TOKEN_KEYS
    if not ring:
        raise KeyMissingError("there is no key to seal with")
    for key_id in ring:
        check_key(key_id, StoredToken.objects.using(using), can_decrypt, "token")


def _seal(stored: StoredToken, token: str) -> None:
    """Encrypt with the first key. Raises SealError, also when that is a wrong key under the right ID.

    The right key could not decrypt what a wrong key encrypts.
    """
    ring = settings.SNAPPORTAL_TOKEN_KEYS
    check_key(next(iter(ring), ""), StoredToken.objects.exclude(pk=stored.pk), can_decrypt, "token")
    stored.key_id, stored.sealed = crypto.seal(token, ring=ring, binding=_binding(stored))


def _set_token(stored: StoredToken, token: str) -> None:
    """Encrypt `token` into the instance and reset the results of earlier checks. Raises SealError."""
    _seal(stored, token)
    stored.fingerprint = fingerprint_of(token)
    stored.hint = crypto.hint(token)
    stored.checked_at = stored.refused_at = None
    stored.account_email = stored.account_name = stored.token_name = ""
    stored.permissions, stored.server_names, stored.server_count = [], [], None


def has_label(user_id: int, label: str) -> bool:
    return StoredToken.objects.filter(user_id=user_id, label=label).exists()


def store(
    *, user_id: int, label: str, token: str, stored_by_name: str, limited_by_id: int | None = None
) -> StoredToken:
    """Insert a token. With `limited_by_id` it can be used for nothing until that person, or another admin, has chosen.

    Raises DuplicateLabelError, and SealError when there is no usable key.
    """
    if has_label(user_id, label):
        raise DuplicateLabelError(label)
    stored = StoredToken(
        id=new_token_id(),
        user_id=user_id,
        label=label,
        stored_by_name=stored_by_name,
        created_at=timezone.now(),
    )
    if limited_by_id is not None:
        _set_limits(stored, CLOSED, by_id=limited_by_id, reason="")
    _set_token(stored, token)
    stored.save(force_insert=True)
    return stored


def _set_limits(stored: StoredToken, limits: Limits, *, by_id: int | None, reason: str) -> None:
    servers = limits.servers
    stored.limited_servers = None if servers is None else [[number, name] for number, name in servers.items()]
    stored.limited_rights = None if limits.rights is None else list(limits.rights)
    stored.limited_by_id = by_id if limits.exist else None
    stored.limited_at = timezone.now() if limits.exist else None
    stored.limit_reason = reason if limits.exist else ""


def limit(stored: StoredToken, limits: Limits, *, by_id: int | None, reason: str) -> None:
    """Set what it may be used for; of no limits nothing is kept. Raises TokenChangedError."""
    _set_limits(stored, limits, by_id=by_id, reason=reason)
    _write(_unchanged(stored), stored, LIMIT_COLUMNS)


def locked(stored: StoredToken) -> StoredToken:
    """The row as it is now, until the end of the transaction. Raises TokenChangedError."""
    found = _unchanged(stored).select_for_update().first()
    if found is None:
        raise TokenChangedError(stored.pk)
    return found


def replace(stored: StoredToken, token: str, *, stored_by_name: str) -> None:
    """Replace the token and keep its label and ID. Raises TokenChangedError, and SealError when there is no usable key."""
    row = _unchanged(stored)
    stored.stored_by_name = stored_by_name
    _set_token(stored, token)
    _write(row, stored, TOKEN_COLUMNS + CHECK_COLUMNS)


def remove(stored: StoredToken) -> None:
    """Delete the row. Raises TokenChangedError."""
    if not _unchanged(stored).delete()[0]:
        raise TokenChangedError(stored.pk)


def decrypt(stored: StoredToken) -> str:
    """The token in plain text. Raises SealError."""
    return crypto.open_sealed(
        bytes(stored.sealed),
        key_id=stored.key_id,
        ring=settings.SNAPPORTAL_TOKEN_KEYS,
        binding=_binding(stored),
    )


def reseal(stored: StoredToken) -> bool:
    """Re-encrypt with the ring's first key. False if that was not needed, or the row was changed meanwhile. Raises SealError."""
    return seal_again(stored, decrypt(stored), _seal)


def record_accepted(
    stored: StoredToken,
    *,
    account: Mapping[str, str],
    permissions: Sequence[str],
    server_names: Sequence[str] | None,
) -> None:
    """Record that the provider accepted the token. Raises TokenChangedError.

    `account` may hold email, name and token_name. `server_names` is None when the provider did not list servers.
    """
    stored.checked_at, stored.refused_at = timezone.now(), None
    stored.account_email = account.get("email", "")
    stored.account_name = account.get("name", "")
    stored.token_name = account.get("token_name", "")
    stored.permissions = list(permissions)
    stored.server_names = list(server_names or [])
    stored.server_count = None if server_names is None else len(server_names)
    _write(_unchanged(stored), stored, CHECK_COLUMNS)


def record_refused(stored: StoredToken) -> None:
    """Record that the provider refused the token (401); the first refusal sets the time. Does nothing if the row is gone."""
    row = _unchanged(stored)
    row.filter(refused_at=None).update(refused_at=timezone.now())
    stored.refused_at = row.values_list("refused_at", flat=True).first()


def forget_person(user_id: int, names: Iterable[str]) -> int:
    """Delete the person's tokens, and blank these names where the person stored a token for others. Returns how many
    tokens were deleted."""
    StoredToken.objects.filter(stored_by_name__in=list(names)).update(stored_by_name="")
    return StoredToken.objects.filter(user_id=user_id).delete()[0]
