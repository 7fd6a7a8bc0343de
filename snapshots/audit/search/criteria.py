"""What a list of the log is filtered by: as a condition on its rows, and as a list that is read in pages."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Final

from snapshots.audit.models import Entry
from snapshots.audit.queries import EntryQuerySet
from snapshots.audit.search import names, searched
from snapshots.audit.search.listing import FOUND_PER_WINDOW, MOST_LOOKED_AT, IndexedListing, Listing, SourcedListing
from snapshots.audit.search.names import AddressSource
from snapshots.audit.search.sources import PREDICATES, ColumnSource, Source, TextSource
from snapshots.audit.search.windows import LARGEST, Window, windows

FOLLOWED_RESULTS: Final = frozenset({"pending", "accepted", "unknown"})
"""Almost every row with one of these is followed by another one of its operation, so that it is no line."""
Narrow = Callable[[EntryQuerySet], EntryQuerySet]


@dataclass(frozen=True)
class Part:
    """One filter: the condition, and the sources that find all rows that fulfil it, and no others.

    Without sources, the rows are found by an index on the condition's column, or by nothing (`is_slow`).
    """

    narrow: Narrow
    sources: tuple[Source, ...] = ()
    is_slow: bool = False


@dataclass(frozen=True, kw_only=True)
class Criteria:
    """Empty values do not filter. `people` and `person`: IDs, and a part of a name that others have or had.

    `servers` and `server`: IDs and, with IDs, a whole name, otherwise a part of a name. `since` <= at < `until`.
    """

    action: str = ""
    result: str = ""
    people: tuple[int, ...] = ()
    person: str = ""
    servers: tuple[int, ...] = ()
    server: str = ""
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def lines(self) -> EntryQuerySet:
        """The newest row of every matching operation and every matching event, newest first."""
        return _lines(self._parts()).between(self.since, self.until)

    def listing(self) -> Listing:
        """The same, to be read in pages."""
        found = self._parts()
        first, end = Entry.objects.all().period(self.since, self.until)
        leading = _leading([part for part in found if part.sources], first, end)
        if leading is not None:
            others = [part for part in found if part is not leading]
            return SourcedListing(_lines(others), first, _cut(end), sources=leading.sources)
        if any(part.is_slow for part in found):
            return IndexedListing(_lines(found), first, _cut(end), most=MOST_LOOKED_AT)
        return IndexedListing(_lines(found), first, end)

    def _parts(self) -> list[Part]:
        found = []
        if self.text:
            found.append(_text_part(self.text))
        if self.server or self.servers:
            found.append(_server_part(self.server, self.servers))
        if self.people or self.person:
            found.append(_person_part(self.person, self.people))
        if self.result:
            found.append(_result_part(self.result))
        if self.action:
            found.append(Part(lambda rows: rows.filter(action=self.action)))
        return found


NOTHING: Final = IndexedListing(Entry.objects.none(), 1, 1)


def _cut(end: int) -> int:
    """`end`, or the sequence after the last row if that is less."""
    return min(end, (Entry.objects.numbered().last_sequence() or 0) + 1)


def _lines(parts: list[Part]) -> EntryQuerySet:
    rows = reduce(lambda rows, part: part.narrow(rows), parts, Entry.objects.numbered())
    return rows.newest_per_operation().order_by("-sequence")


def _leading(parts: list[Part], first: int, end: int) -> Part | None:
    """The part whose sources find the rows: the first one that finds few rows, if there are several."""
    if len(parts) < 2:  # noqa: PLR2004
        return parts[0] if parts else None
    for window in windows(first, _cut(end), newest_first=True):
        if window.level == LARGEST:
            few = (part for part in parts if _finds_few(part, window))
            return next(few, parts[0])
    return parts[0]


def _finds_few(part: Part, window: Window) -> bool:
    return all(source.find(window, FOUND_PER_WINDOW) is not None for source in part.sources)


def _text_part(text: str) -> Part:
    def narrow(rows: EntryQuerySet) -> EntryQuerySet:
        return rows.containing(text)

    if not searched.has_index(text):
        return Part(narrow, is_slow=True)
    entries = Entry.objects.all()
    sources: list[Source] = [TextSource(text, entries), *names.name_sources(text)]
    if addresses := names.addresses_like(text):
        sources.append(AddressSource(tuple(addresses), entries))
    if entries.filter(request_id=text).exists():
        sources.append(ColumnSource("request_id", (text,)))
    return Part(narrow, tuple(sources))


def _of_columns(narrow: Narrow, *found: tuple[str, tuple[str, ...] | tuple[int, ...]]) -> Part:
    """Rows with one of the values in one of the columns; a single value needs no sources, if all rows are in its index."""
    filled = [ColumnSource(column, values) for column, values in found if values]
    if not filled:
        return Part(lambda rows: rows.none())
    if len(filled) == 1 and len(filled[0].values) == 1 and filled[0].column not in PREDICATES:
        [only] = filled
        return Part(lambda rows: rows.filter(**{only.column: only.values[0]}))
    return Part(narrow, tuple(filled))


def _server_part(text: str, ids: tuple[int, ...]) -> Part:
    if not ids:
        named = tuple(names.servers_named(text))
        return _of_columns(lambda rows: rows.filter(server_name__in=named), ("server_name", named))
    is_name = Entry.objects.filter(server_name=text).exists()
    return _of_columns(
        lambda rows: rows.on_server(text, ids),
        ("server_id", ids),
        ("server_name", (text,) if is_name else ()),
    )


def _person_part(text: str, ids: tuple[int, ...]) -> Part:
    found = names.people_named(text) if text else names.People()
    people = tuple(sorted({*ids, *found.numbers}))
    return _of_columns(
        lambda rows: rows.by_people(people, found.unnumbered),
        ("actor_id", people),
        ("actor_subject", found.unnumbered),
    )


def _result_part(result: str) -> Part:
    sources = (ColumnSource("result", (result,)),) if result in FOLLOWED_RESULTS else ()
    return Part(lambda rows: rows.filter(result=result), sources)
