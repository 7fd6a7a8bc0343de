"""Numbers of the report, each with a link to the rows of the log that it counts."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.http import urlencode

from snapshots.audit.reporting.listed import REFUSED
from snapshots.audit.reporting.months import Month
from snapshots.audit.reporting.tally import Group, Tally
from snapshots.views.links import link
from snapshots.views.texts import report as texts
from snapshots.views.texts.audit_actions import ACTIONS
from snapshots.views.texts.audit_names import RESULTS

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


@dataclass(frozen=True)
class Figure:
    """`url`: '' where the log has no filter for it, and for 0."""

    text: str
    count: int
    url: str = ""

    @property
    def number(self) -> str:
        return texts.number_text(self.count)


class LogLinks:
    """Links to the list of the log, with the days of the month as a filter."""

    def __init__(self, month: Month) -> None:
        self._days = {"since": str(month.first_day), "until": str(month.last_day)}

    def to(self, *, action: str = "", result: str = "", person: str = "") -> str:
        """'' for what the filter does not offer."""
        if (action and action not in ACTIONS) or (result and result not in RESULTS):
            return ""
        chosen = {"person": person, "action": action, "result": result}
        wanted = {name: value for name, value in chosen.items() if value}
        return f"{link('entry_list')}?{urlencode(wanted | self._days)}"


def figure(text: "str | StrPromise", count: int, url: str = "") -> Figure:
    return Figure(str(text), count, url if count else "")


def by_action(tally: Tally, actions: Iterable[str], links: LogLinks) -> tuple[Figure, ...]:
    """The number of rows of each action and result, without what was refused: that has a section of its own."""
    found = Counter[tuple[str, str]]()
    for one in tally.groups:
        if one.result != REFUSED:
            found[one.action, one.result] += one.number
    wanted = list(actions)
    ordered = sorted(found, key=lambda pair: (wanted.index(pair[0]) if pair[0] in wanted else -1, pair[1]))
    return tuple(
        figure(texts.counted_text(*pair), found[pair], links.to(action=pair[0], result=pair[1]))
        for pair in ordered
        if pair[0] in wanted
    )


def by_code(groups: Iterable[Group]) -> Counter[str]:
    found = Counter[str]()
    for one in groups:
        found[one.code] += one.number
    return found
