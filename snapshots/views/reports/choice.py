"""The choice of a month: those that have rows, and the ones before and after the one that is shown."""

from collections.abc import Sequence
from dataclasses import dataclass

from snapshots.audit.reporting.months import Month
from snapshots.views.texts import report as texts


@dataclass(frozen=True)
class Offered:
    value: str
    text: str
    is_chosen: bool = False


@dataclass(frozen=True)
class Choice:
    """The newest month first. `older`, `newer`: the nearest months that have rows; None if there is none."""

    months: tuple[Offered, ...]
    older: Offered | None
    newer: Offered | None


def make_choice(month: Month, offered: Sequence[Month]) -> Choice:
    """`offered`: those with rows, the newest first. The chosen one is among them, whether it has rows or not."""
    ordered = sorted({*offered, month}, reverse=True)
    return Choice(
        months=tuple(_offered(one, is_chosen=one == month) for one in ordered),
        older=next((_offered(one) for one in offered if one < month), None),
        newer=next((_offered(one) for one in reversed(offered) if one > month), None),
    )


def _offered(month: Month, *, is_chosen: bool = False) -> Offered:
    return Offered(str(month), texts.month_text(month), is_chosen)
