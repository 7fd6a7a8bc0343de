"""Rows of other packages that are sealed with the keys of the tokens: reseal_tokens encrypts them again too."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any


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
