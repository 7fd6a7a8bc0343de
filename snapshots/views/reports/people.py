"""The table of people: what each did in the month."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from snapshots.audit.reporting.listed import REFUSED
from snapshots.audit.reporting.operations import ACTIONS, Standing
from snapshots.audit.reporting.tally import Tally
from snapshots.views.person_labels import PersonLabel, labels_of
from snapshots.views.reports.figures import Figure, LogLinks, figure
from snapshots.views.roster import Roster
from snapshots.views.texts import report as texts

MOST_SHOWN: Final = 100
SIGN_IN, OTHER = "person.sign_in", "other"
COLUMNS: Final = (SIGN_IN, *ACTIONS, REFUSED, OTHER)


@dataclass(frozen=True)
class PersonRow:
    name: str
    url: str
    cells: tuple[Figure, ...]


@dataclass(frozen=True)
class PeopleTable:
    """Those with the most first. `rest`: what those did together who are not shown; `nobody`: rows without a person."""

    rows: tuple[PersonRow, ...]
    active: int
    more: int
    rest: tuple[Figure, ...]
    nobody: tuple[Figure, ...]


def make_people(tally: Tally, standings: Iterable[Standing], roster: Roster, links: LogLinks) -> PeopleTable:
    found = _by_person(tally, standings)
    nobody = found.pop(None, Counter())
    ordered = sorted(((one, person) for person, one in found.items() if person is not None), key=_most_first)
    shown, rest = ordered[:MOST_SHOWN], ordered[MOST_SHOWN:]
    labels = labels_of([person for _found, person in shown], roster)
    return PeopleTable(
        rows=tuple(_row(one, labels[person], links) for one, person in shown),
        active=len(ordered),
        more=len(rest),
        rest=_cells(sum((one for one, _person in rest), Counter())),
        nobody=_cells(nobody) if nobody.total() else (),
    )


def _most_first(one: tuple[Counter[str], int]) -> tuple[int, int]:
    return -one[0].total(), one[1]


def _by_person(tally: Tally, standings: Iterable[Standing]) -> dict[int | None, Counter[str]]:
    """Person → column → number. What was refused counts in two columns if it is an operation."""
    found: dict[int | None, Counter[str]] = defaultdict(Counter)
    for one in standings:
        found[one.person_id][one.action] += one.number
    for group in tally.groups:
        if group.result == REFUSED:
            found[group.person_id][REFUSED] += group.number
        elif group.action not in ACTIONS:
            column = SIGN_IN if group.action == SIGN_IN else OTHER
            found[group.person_id][column] += group.number
    return found


def _row(found: Counter[str], label: PersonLabel, links: LogLinks) -> PersonRow:
    person = label.text if label.is_found else ""
    return PersonRow(label.text, links.to(person=person) if person else "", _cells(found, person, links))


def _cells(found: Counter[str], person: str = "", links: LogLinks | None = None) -> tuple[Figure, ...]:
    def url(column: str) -> str:
        if not person or links is None or column == OTHER:
            return ""
        if column == REFUSED:
            return links.to(person=person, result=REFUSED)
        result = "completed" if column == SIGN_IN else ""
        return links.to(person=person, action=column, result=result)

    return tuple(figure(head, found[one], url(one)) for one, head in zip(COLUMNS, heads(), strict=True))


def heads() -> Sequence[str]:
    """Of the columns."""
    return texts.people_heads()
