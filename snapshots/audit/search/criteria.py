"""What a list of the log is filtered by: as a condition on its rows, and as a list that is read in pages."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Final

from snapshots.audit.models import Entry
from snapshots.audit.queries import LAST_NUMBER, EntryQuerySet
from snapshots.audit.search import names, searched
from snapshots.audit.search.areas import ACTIONS_OF, Area
from snapshots.audit.search.listing import (
    FOUND_PER_WINDOW,
    MOST_SCANNED,
    IndexedListing,
    Listing,
    SourcedListing,
)
from snapshots.audit.search.names import AddressSource
from snapshots.audit.search.sources import PREDICATES, ColumnSource, Source, TextSource
from snapshots.audit.search.windows import LARGEST, Window, windows

FOLLOWED_RESULTS: Final = frozenset({"pending", "accepted", "unknown"})
"""Almost every row with one of these is followed by another one of its operation, so that it is no line."""
Narrow = Callable[[EntryQuerySet], EntryQuerySet]


@dataclass(frozen=True)
class Part:
    """One filter: the condition, and the sources that find all rows that fulfil it, and no others.

    `is_ordered`: one index has its lines in order. Without sources, nothing but comparing rows finds them.
    """

    narrow: Narrow
    sources: tuple[Source, ...] = ()
    is_ordered: bool = False


@dataclass(frozen=True, kw_only=True)
class Criteria:
    """Empty values do not filter. `people` and `person`: IDs, and a part of a name that others have or had.

    `servers` and `server`: IDs and, with IDs, a whole name, otherwise a part of a name. `token`: a fingerprint.
    `since` <= at < `until`. An `action` that is not in the `area` leaves nothing.
    """

    area: Area | None = None
    action: str = ""
    result: str = ""
    people: tuple[int, ...] = ()
    person: str = ""
    servers: tuple[int, ...] = ()
    server: str = ""
    token: str = ""
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def lines(self) -> EntryQuerySet:
        """The newest row of every matching operation and every matching event, newest first."""
        first, end = Entry.objects.all().period(self.since, self.until)
        return _lines(self._parts()).filter(sequence__range=(first, end - 1)).order_by("-sequence")

    def listing(self) -> Listing:
        """The same, to be read in pages."""
        found = self._parts()
        first, end = Entry.objects.all().period(self.since, self.until)
        if len(found) < 2 and all(part.is_ordered for part in found):  # noqa: PLR2004
            return IndexedListing(_lines(found), first, end)
        end = min(end, LAST_NUMBER, (Entry.objects.numbered().last_sequence() or 0) + 1)
        sourced = [part for part in found if part.sources]
        if not sourced:
            return IndexedListing(_lines(found), first, end, most=MOST_SCANNED)
        leading = _leading(sourced, first, end)
        others = [part for part in found if part is not leading]
        return SourcedListing(_lines(others), first, end, sources=leading.sources)

    def rows(self) -> EntryQuerySet:
        """The rows that fulfil the conditions, in no order; `since` and `until` are not among them."""
        return reduce(lambda rows, part: part.narrow(rows), self._parts(), Entry.objects.all())

    def _parts(self) -> list[Part]:
        found = []
        if self.text:
            found.append(_text_part(self.text))
        if self.server or self.servers:
            found.append(_server_part(self.server, self.servers))
        if self.token:
            found.append(_of_columns(("token_fingerprint", (self.token,))))
        if self.people or self.person:
            found.append(_person_part(self.person, self.people))
        if self.result:
            found.append(
                _of_columns(("result", (self.result,)), is_ordered=self.result not in FOLLOWED_RESULTS)
            )
        if self.area or self.action:
            found.append(_of_columns(("action", self._actions())))
        return found

    def _actions(self) -> tuple[str, ...]:
        if self.area is None:
            return (self.action,)
        return tuple(one for one in ACTIONS_OF[self.area] if self.action in {"", one})


NOTHING: Final[Listing] = IndexedListing(Entry.objects.none(), 1, 1)


def _lines(parts: list[Part]) -> EntryQuerySet:
    """The lines that fulfil these conditions, in no order."""
    rows = reduce(lambda rows, part: part.narrow(rows), parts, Entry.objects.all())
    return rows.newest_per_operation()


def _leading(parts: list[Part], first: int, end: int) -> Part:
    """The part whose sources find the rows to be compared with the others: one that finds few, if there is one."""
    if len(parts) == 1:
        return parts[0]
    large = (one for one in windows(first, end, newest_first=True) if one.level == LARGEST)
    window = next(large, None) or Window(LARGEST, first, end)
    return next((part for part in parts if _finds_few(part, window)), parts[0])


def _finds_few(part: Part, window: Window) -> bool:
    return all(source.find(window, FOUND_PER_WINDOW) is not None for source in part.sources)


def _text_part(text: str) -> Part:
    def narrow(rows: EntryQuerySet) -> EntryQuerySet:
        return rows.containing(text)

    if not searched.has_index(text):
        return Part(narrow)
    entries = Entry.objects.all()
    sources: list[Source] = [TextSource(text, entries), *names.name_sources(text)]
    if addresses := names.addresses_like(text):
        sources.append(AddressSource(tuple(addresses), entries))
    request = ColumnSource("request_id", (text,))
    if request.finds_any():
        sources.append(request)
    return Part(narrow, tuple(sources))


def _of_columns(*wanted: tuple[str, tuple[str, ...] | tuple[int, ...]], is_ordered: bool = True) -> Part:
    """Rows with one of the values in one of the columns."""
    sources = tuple(ColumnSource(column, values) for column, values in wanted if values)
    is_single = len(sources) == 1 and len(sources[0].values) == 1 and sources[0].column not in PREDICATES

    def narrow(rows: EntryQuerySet) -> EntryQuerySet:
        if not sources:
            return rows.none()
        return rows.filter(reduce(or_, (one.condition for one in sources)))

    return Part(narrow, sources, is_ordered=not sources or (is_single and is_ordered))


def _server_part(text: str, ids: tuple[int, ...]) -> Part:
    if not ids:
        return _of_columns(("server_name", tuple(names.servers_named(text))))
    is_name = ColumnSource("server_name", (text,)).finds_any()
    return _of_columns(("server_id", ids), ("server_name", (text,) if is_name else ()))


def _person_part(text: str, ids: tuple[int, ...]) -> Part:
    found = names.people_named(text) if text else names.People()
    people = tuple(sorted({*ids, *found.numbers}))
    return _of_columns(("actor_id", people), ("actor_subject", found.unnumbered))
