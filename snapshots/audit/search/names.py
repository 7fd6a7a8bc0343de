"""Which servers, people and addresses a text is a part of: read from short lists of distinct values, not from the log.

Upper and lower case are the same in every script.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from django.db import connection
from django.db.models import Q

from snapshots.audit import tolerant_rows
from snapshots.audit.search.sources import ColumnSource, Source
from snapshots.audit.search.windows import SMALLEST, Window
from snapshots.audit.subjects import Kind, Subject

if TYPE_CHECKING:
    from snapshots.audit.queries import EntryQuerySet

_ADDRESS: Final = re.compile(r"[0-9a-fA-F:.%]+")
"""Only such a text can be a part of an IP address."""
SUBJECTS_PER_WINDOW: Final = 500
ABOUT_COLUMNS: Final = ("settled_by_subject", "target_subject", "evidence_subject")


def _distinct(table: str, column: str, where: str = "") -> list[str]:
    """The distinct values of the first column of an index, each found by one seek in it, in order; without ''.

    `where`: the predicate of a partial index.
    """
    least = f"SELECT MIN({column}) FROM {table} WHERE {where} {column} > "  # noqa: S608 - of constants
    sql = (
        f"WITH RECURSIVE found(value) AS ({least} '' UNION ALL "  # noqa: S608
        f"SELECT ({least} found.value) FROM found WHERE found.value IS NOT NULL) "
        "SELECT value FROM found WHERE value IS NOT NULL"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [value for (value,) in cursor.fetchall() if isinstance(value, str)]


def _containing(values: Iterable[str], text: str) -> list[str]:
    folded = text.casefold()
    return [value for value in values if folded in value.casefold()]


def servers_named(text: str) -> list[str]:
    """The names in the log that contain `text`."""
    return _containing(_distinct("audit_entry", "server_name"), text)


def addresses_like(text: str) -> list[str]:
    """The addresses in the log that contain `text`."""
    if not _ADDRESS.fullmatch(text):
        return []
    return _containing(
        _distinct("audit_subject", "value", "kind = 'address' AND erased_in IS NULL AND"), text
    )


def named_subjects(text: str, kinds: Iterable[str] = (Kind.PERSON, Kind.TEXT)) -> list[Subject]:
    """The names of people, and the texts about them, that contain `text`. Those that are erased contain nothing."""
    known = Subject.objects.filter(kind__in=[Kind.PERSON, Kind.TEXT], erased_in=None)
    folded = text.casefold()
    wanted = set(kinds)
    return [one for one in known if one.kind in wanted and folded in str(one.value).casefold()]


@dataclass(frozen=True)
class People:
    """Numbers of people, and the commitments of names under which nobody with a number acted."""

    numbers: frozenset[int] = frozenset()
    unnumbered: tuple[str, ...] = ()


def people_named(text: str) -> People:
    """Everybody who ever had a name that contains `text`."""
    found = named_subjects(text, [Kind.PERSON])
    return People(
        frozenset(one.person_id for one in found if one.person_id is not None),
        tuple(one.commitment for one in found if one.person_id is None),
    )


def _sources_of(found: Iterable[Subject], column: str) -> list[Source]:
    """Rows that refer to these subjects in the column of their actor or address; by the actor's number if they have one."""
    found = list(found)
    numbered = {one.person_id for one in found if one.person_id is not None}
    commitments = tuple(one.commitment for one in found)
    sources: list[Source] = []
    if numbered:
        sources.append(ColumnSource("actor_id", tuple(sorted(numbered)), also=(column, commitments)))
    if commitments:
        sources.append(ColumnSource(column, commitments))
    return sources


def name_sources(text: str) -> list[Source]:
    """Rows in which somebody acted, or which are about somebody, whose name contains `text`."""
    found = named_subjects(text)
    if not found:
        return []
    commitments = tuple(one.commitment for one in found)
    about: list[Source] = [ColumnSource(column, commitments) for column in ABOUT_COLUMNS]
    return _sources_of((one for one in found if one.kind == Kind.PERSON), "actor_subject") + about


@dataclass(frozen=True)
class AddressSource:
    """Rows of the log `entries` that came from one of these addresses. An address is one subject for each person and day."""

    values: tuple[str, ...]
    entries: "EntryQuerySet"

    def find(self, window: Window, limit: int | None) -> list[int] | None:
        known = Subject.objects.filter(kind=Kind.ADDRESS, erased_in=None, value__in=self.values)
        known = known.filter(day__range=self._days_of(window))
        subjects = list(known if window.level == SMALLEST else known[: SUBJECTS_PER_WINDOW + 1])
        if window.level != SMALLEST and len(subjects) > SUBJECTS_PER_WINDOW:
            return None
        found: list[int] = []
        for source in _sources_of(subjects, "address_subject"):
            some = source.find(window, limit)
            if some is None:
                return None
            found += some
        return found

    def _days_of(self, window: Window) -> tuple[date, date]:
        """The days of the first and of the last row in the window; all days if they cannot be read."""
        rows = self.entries.filter(sequence__gte=window.start, sequence__lt=window.end).values_list(
            "at", flat=True
        )
        try:
            ends = [
                *tolerant_rows.read_all(rows.order_by("sequence")[:1]),
                *tolerant_rows.read_all(rows.order_by("-sequence")[:1]),
            ]
        except tolerant_rows.UnreadableError:
            ends = []
        return (ends[0].date(), ends[-1].date()) if ends else (date.min, date.max)


def condition(text: str) -> Q:
    """Rows that refer to a name, an address or a text about a person that contains `text`."""
    commitments = [one.commitment for one in named_subjects(text)]
    found = Q()
    if commitments:
        for column in ("actor_subject", *ABOUT_COLUMNS):
            found |= Q(**{f"{column}__in": commitments})
    if addresses := addresses_like(text):
        known = Subject.objects.filter(kind=Kind.ADDRESS, erased_in=None, value__in=addresses)
        found |= Q(address_subject__in=known.values("commitment"))
    return found
