"""Results of the log's entries as pictures show them: in a fixed order, each with a look of its own."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as lazy

from snapshots.views.pictures.frames import KeyEntry, count_text
from snapshots.views.texts.audit_names import RESULTS

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

OTHER: Final = "other"
KINDS: Final[Mapping[str, "StrPromise | str"]] = {
    **{name: RESULTS[name].text for name in ("completed", "reconciled", "refused", "failed", "unknown")},
    OTHER: lazy("Something else"),
}
"""The kinds in the order in which they are stacked. What the portal never writes is the last one."""


@dataclass(frozen=True)
class Amount:
    kind: str
    text: "StrPromise | str"
    count: int

    @property
    def number(self) -> str:
        return count_text(self.count)


def kind_of(result: object) -> str:
    return result if isinstance(result, str) and result in KINDS else OTHER


def amounts(found: Mapping[str, int]) -> Iterator[Amount]:
    """Those that are not 0."""
    return (Amount(kind, text, found[kind]) for kind, text in KINDS.items() if found.get(kind))


def legend_of(found: Iterable[Mapping[str, int]]) -> tuple[KeyEntry, ...]:
    shown = {kind for one in found for kind, number in one.items() if number}
    return tuple(KeyEntry("result", kind, text) for kind, text in KINDS.items() if kind in shown)
