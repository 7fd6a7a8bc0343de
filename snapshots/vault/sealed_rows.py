"""Rows whose `sealed` column is encrypted with the keys of the tokens, under the key `key_id`: what they have in common.

Those of other packages are registered, so that reseal_tokens encrypts them again too.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from django.conf import settings
from django.db.models import Model, QuerySet

from snapshots.vault.crypto import KeyMismatchError

TRIED_PER_KEY: Final = 20
"""On how many rows a key is tested. It must decrypt one of them; single rows may have been changed or moved."""
M = TypeVar("M", bound=Model)
S = TypeVar("S")


@dataclass(frozen=True)
class SealedRows:
    """`name` is what one of them is called; `reseal` encrypts one with the first key, and raises SealError.

    It returns False for a row that was so already, or was changed meanwhile.
    """

    name: str
    rows: Callable[[], Iterable[Any]]
    reseal: Callable[[Any], bool]


_registered: dict[str, SealedRows] = {}


def register(rows: SealedRows) -> None:
    """To be called when the app of these rows is ready."""
    _registered[rows.name] = rows


def registered() -> list[SealedRows]:
    return list(_registered.values())


def check_key(key_id: str, rows: QuerySet[M], opens: Callable[[M], bool], noun: str) -> None:
    """Raises KeyMismatchError when some of these rows are sealed under this key ID and the key decrypts none of them."""
    named = list(rows.filter(key_id=key_id).order_by("-created_at")[:TRIED_PER_KEY])
    if named and not any(map(opens, named)):
        raise KeyMismatchError(
            f"the key {key_id} opens no {noun} that was sealed under its ID: it is a wrong key"
        )


def seal_again(row: Any, opened: S, seal: Callable[[Any, S], None]) -> bool:
    """Encrypt what a row holds, which `opened` is, with the ring's first key. `seal` does that to the instance alone.

    Returns False when the row names that key already, or was changed meanwhile. Callers open the row in any case, because
    one that names the first key may still have been encrypted with a different key of that ID.
    """
    if row.key_id == next(iter(settings.SNAPPORTAL_TOKEN_KEYS)):
        return False
    unchanged = type(row).objects.filter(pk=row.pk, key_id=row.key_id, sealed=row.sealed)
    seal(row, opened)
    return bool(unchanged.update(key_id=row.key_id, sealed=row.sealed) == 1)
