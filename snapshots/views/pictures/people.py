"""The ten people with the most entries in the log, by result."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.utils.http import urlencode
from django.utils.translation import gettext as _

from snapshots.audit.search.activity import Count
from snapshots.views.person_labels import PersonLabel, labels_of
from snapshots.views.pictures import sentences as texts
from snapshots.views.pictures.frames import NARROW_NAME, Picture, count_text, is_mirrored, short
from snapshots.views.pictures.results import Amount, amounts, kind_of, legend_of
from snapshots.views.pictures.scales import INSET
from snapshots.views.roster import Roster

MOST: Final = 10
FIRST: Final = 1.1
ROW: Final = 2.6
BAR_BELOW: Final = 0.45
BAR: Final = 0.8


@dataclass(frozen=True)
class Segment:
    x: float
    width: float
    kind: str
    title: str


@dataclass(frozen=True)
class PersonRow:
    """A bar below a name, and a line of the table. `url` is '' for who has no name any more."""

    name: str
    short_name: str
    narrow_name: str
    total: str
    name_y: float
    bar_y: float
    segments: tuple[Segment, ...]
    amounts: tuple[Amount, ...]
    url: str


@dataclass(frozen=True, kw_only=True)
class People(Picture):
    rows: tuple[PersonRow, ...] = ()
    bar_height: float = BAR


def make_people(counts: Iterable[Count], roster: Roster, url: str, chosen: dict[str, str]) -> People:
    """`url` and `chosen`: the list of the log, and its present filter, to which a person is added."""
    title = _("Entries by person")
    by_person, of_nobody = _by_person(counts)
    if not by_person:
        return People(key="people", title=title, sentence=texts.nobody_sentence(of_nobody), is_empty=True)
    most = sorted(by_person.items(), key=lambda one: (-one[1].total(), one[0]))
    labels = labels_of([person for person, _found in most[:MOST]], roster)
    return People(
        key="people",
        title=title,
        sentence=texts.people_sentence(len(by_person), MOST, of_nobody),
        height=round(FIRST + (min(len(most), MOST) - 1) * ROW + BAR_BELOW + BAR, 2),
        legend=legend_of(found for _person, found in most[:MOST]),
        rows=tuple(
            _row(number, found, most[0][1].total(), labels[person], f"{url}?{urlencode(chosen)}")
            for number, (person, found) in enumerate(most[:MOST])
        ),
    )


def _by_person(counts: Iterable[Count]) -> tuple[dict[int, Counter[str]], int]:
    """Person → result kind → number, and how many entries are of nobody who has an account."""
    found: dict[int, Counter[str]] = defaultdict(Counter)
    of_nobody = 0
    for one in counts:
        if isinstance(one.person_id, int):
            found[one.person_id][kind_of(one.result)] += one.number
        else:
            of_nobody += one.number
    return dict(found), of_nobody


def _row(number: int, found: Counter[str], largest: int, label: PersonLabel, url: str) -> PersonRow:
    y = FIRST + number * ROW
    return PersonRow(
        name=label.text,
        short_name=short(label.text),
        narrow_name=short(label.text, NARROW_NAME),
        total=count_text(found.total()),
        name_y=round(y, 2),
        bar_y=round(y + BAR_BELOW, 2),
        segments=tuple(_segments(found, largest)),
        amounts=tuple(amounts(found)),
        url=f"{url}&{urlencode({'person': label.text})}" if label.is_found else "",
    )


def _segments(found: Counter[str], largest: int) -> Iterable[Segment]:
    """The longest bar takes the whole width; bars begin where reading begins."""
    before, room = 0, 100 - 2 * INSET
    for one in amounts(found):
        start, width = INSET + room * before / largest, room * one.count / largest
        x = 100 - start - width if is_mirrored() else start
        yield Segment(round(x, 2), round(width, 2), one.kind, texts.labelled(one.text, one.number))
        before += one.count
