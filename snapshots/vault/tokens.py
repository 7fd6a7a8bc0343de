"""Storing, replacing and decrypting tokens. Nothing here writes the audit log: service.py does."""

from collections.abc import Mapping, Sequence

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS
from django.db.models import QuerySet
from django.utils import timezone

from snapshots.vault import crypto
from snapshots.vault.crypto import Binding, KeyMismatchError, KeyMissingError, SealError
from snapshots.vault.models import StoredToken, new_token_id

PUT_COLUMNS = ("stored_by_name", "key_id", "sealed", "fingerprint", "hint")
NOTED_COLUMNS = (
    "checked_at", "refused_at", "account_email", "account_name", "token_name", "permissions", "server_names", "server_count",
)  # fmt: skip
"""What is known of a token from the provider."""
TRIED_PER_KEY = 20
"""Tokens that a key is tried on. One that opens is enough: single rows may have been changed or moved."""


class DuplicateLabelError(Exception):
    """The person already has a token of this label."""


class TokenChangedError(Exception):
    """The stored token was removed, or another was put in its place, since it was read."""


def fingerprint_of(token: str) -> str:
    return crypto.fingerprint(token, secret=settings.SECRET_KEY)


def _binding(stored: StoredToken) -> Binding:
    return Binding(StoredToken._meta.db_table, "sealed", stored.pk, stored.user_id)


def _unchanged(stored: StoredToken) -> QuerySet[StoredToken]:
    """The row, if it still holds the token that `stored` was read with. Sealed with another key it is the same token."""
    return StoredToken.objects.filter(pk=stored.pk, fingerprint=stored.fingerprint)


def _write(row: QuerySet[StoredToken], stored: StoredToken, columns: Sequence[str]) -> None:
    """Never save(): it would insert a removed row anew. Raises TokenChangedError when there is no such row any more."""
    if not row.update(**{column: getattr(stored, column) for column in columns}):
        raise TokenChangedError(stored.pk)


def opens(stored: StoredToken) -> bool:
    try:
        reveal(stored)
    except SealError:
        return False
    return True


def _check_key(key_id: str, others: QuerySet[StoredToken]) -> None:
    """Raises KeyMismatchError when some of `others` are sealed under this ID, and the key opens none of them."""
    named = list(others.filter(key_id=key_id).order_by("-created_at")[:TRIED_PER_KEY])
    if named and not any(map(opens, named)):
        raise KeyMismatchError(
            f"the key {key_id} opens no token that was sealed under its ID: it is a wrong key"
        )


def check_keys(using: str = DEFAULT_DB_ALIAS) -> None:
    """Raises KeyMismatchError when a key of the ring opens none of its tokens, KeyMissingError when there is no key."""
    ring = settings.SNAPPORTAL_TOKEN_KEYS
    if not ring:
        raise KeyMissingError("there is no key to seal with")
    for key_id in ring:
        _check_key(key_id, StoredToken.objects.using(using))


def _seal(stored: StoredToken, token: str) -> None:
    """With the first key, unless it is a wrong one: nobody could open with the right key what that seals. Raises SealError."""
    ring = settings.SNAPPORTAL_TOKEN_KEYS
    _check_key(next(iter(ring), ""), StoredToken.objects.exclude(pk=stored.pk))
    stored.key_id, stored.sealed = crypto.seal(token, ring=ring, binding=_binding(stored))


def _put(stored: StoredToken, token: str) -> None:
    """Seal `token` into the row; what was known of the one before is forgotten. Raises SealError."""
    _seal(stored, token)
    stored.fingerprint = fingerprint_of(token)
    stored.hint = crypto.hint(token)
    stored.checked_at = stored.refused_at = None
    stored.account_email = stored.account_name = stored.token_name = ""
    stored.permissions, stored.server_names, stored.server_count = [], [], None


def has_label(user_id: int, label: str) -> bool:
    return StoredToken.objects.filter(user_id=user_id, label=label).exists()


def store(*, user_id: int, label: str, token: str, stored_by_name: str) -> StoredToken:
    """Raises DuplicateLabelError, and SealError when there is no key."""
    if has_label(user_id, label):
        raise DuplicateLabelError(label)
    stored = StoredToken(
        id=new_token_id(),
        user_id=user_id,
        label=label,
        stored_by_name=stored_by_name,
        created_at=timezone.now(),
    )
    _put(stored, token)
    stored.save(force_insert=True)
    return stored


def replace(stored: StoredToken, token: str, *, stored_by_name: str) -> None:
    """Put another token in the place of this one: label and id stay. Raises TokenChangedError, and SealError without a key."""
    row = _unchanged(stored)
    stored.stored_by_name = stored_by_name
    _put(stored, token)
    _write(row, stored, PUT_COLUMNS + NOTED_COLUMNS)


def remove(stored: StoredToken) -> None:
    """Raises TokenChangedError."""
    if not _unchanged(stored).delete()[0]:
        raise TokenChangedError(stored.pk)


def reveal(stored: StoredToken) -> str:
    """The token in clear; only connection.py calls this. Raises SealError."""
    return crypto.open_sealed(
        bytes(stored.sealed),
        key_id=stored.key_id,
        ring=settings.SNAPPORTAL_TOKEN_KEYS,
        binding=_binding(stored),
    )


def reseal(stored: StoredToken) -> bool:
    """Seal with the ring's current key; False when it was so already, or the row changed meanwhile. Raises SealError.

    The token is opened either way: that its row names the current key does not say that this key opens it.
    """
    token = reveal(stored)
    if stored.key_id == next(iter(settings.SNAPPORTAL_TOKEN_KEYS)):
        return False
    unchanged = StoredToken.objects.filter(pk=stored.pk, key_id=stored.key_id, sealed=stored.sealed)
    _seal(stored, token)
    return unchanged.update(key_id=stored.key_id, sealed=stored.sealed) == 1


def note_accepted(
    stored: StoredToken,
    *,
    account: Mapping[str, str],
    permissions: Sequence[str],
    server_names: Sequence[str] | None,
) -> None:
    """The provider took the token now. Raises TokenChangedError.

    `account` may hold email, name and token_name; None for servers is "not told".
    """
    stored.checked_at, stored.refused_at = timezone.now(), None
    stored.account_email = account.get("email", "")
    stored.account_name = account.get("name", "")
    stored.token_name = account.get("token_name", "")
    stored.permissions = list(permissions)
    stored.server_names = list(server_names or [])
    stored.server_count = None if server_names is None else len(server_names)
    _write(_unchanged(stored), stored, NOTED_COLUMNS)


def note_refused(stored: StoredToken) -> None:
    """The provider refused the token (401); the first time counts. One that is gone meanwhile needs no note."""
    row = _unchanged(stored)
    row.filter(refused_at=None).update(refused_at=timezone.now())
    stored.refused_at = row.values_list("refused_at", flat=True).first()
