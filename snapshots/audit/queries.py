"""Finds and reads rows of the audit log, by seeks in an index, and despite values that the portal never wrote.

Filters become ranges of `sequence`, and every index ends in it, so a page is found by a seek and not by an offset.
Sequence and time grow together, so a period is a range of sequences too.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from django.db import models
from django.db.models import Exists, OuterRef, Q

from snapshots import sql
from snapshots.audit import chain, stored_form, subjects, tolerant_rows
from snapshots.audit.search import names, searched

if TYPE_CHECKING:
    from snapshots.audit.models import Entry

COUNT_LIMIT: Final = 10_000
BATCH_SIZE: Final = 1000
LAST_NUMBER: Final = 2**63 - 1
LONGEST_HISTORY: Final = 1000
"""Rows of one operation that a page shows."""


class EntryQuerySet(models.QuerySet["Entry"]):
    def newest_per_operation(self) -> "EntryQuerySet":
        """The last row of each operation, and every event."""
        later = self.model.objects.filter(
            operation_id=OuterRef("operation_id"), sequence__gt=OuterRef("sequence")
        )
        return self.filter(~Exists(later))

    def period(self, since: datetime | None, until: datetime | None) -> tuple[int, int]:
        """The sequences of the rows with since <= at < until: the first one, and the one after the last.

        They are found by two seeks in the index (at, sequence).
        """
        by_time = self.model.objects.order_by("at", "sequence").values_list("sequence", flat=True)
        first = by_time.filter(at__gte=since).first() if since else 1
        end = by_time.filter(at__gte=until).first() if until else None
        return LAST_NUMBER if first is None else first, LAST_NUMBER + 1 if end is None else end

    def containing(self, text: str) -> "EntryQuerySet":
        """Rows with `text` in a text, a name or an address, or with it as the ID of their request."""
        return self.filter(Q(searched.contains(text)) | Q(request_id=text) | names.condition(text))

    def with_history(self) -> "EntryQuerySet":
        """The rows of this queryset, and all other rows of their operations, in the default order."""
        selected = self.order_by()
        is_selected = Exists(selected.filter(sequence=OuterRef("sequence")))
        same_operation = Exists(selected.filter(operation_id=OuterRef("operation_id")))
        return self.model.objects.filter(Q(is_selected) | Q(same_operation))

    def capped_count(self) -> int:
        """The number of rows, at most COUNT_LIMIT + 1: counting millions of rows takes about a second."""
        return self.order_by()[: COUNT_LIMIT + 1].count()

    def numbered(self) -> "EntryQuerySet":
        """Rows with a valid sequence, from 1 on. Any other row was inserted by somebody else; verifying reports it."""
        return self.filter(sequence__range=(1, LAST_NUMBER))

    def row(self, sequence: int) -> "Entry | None":
        """The row with this number; None if the database has none."""
        if sequence > LAST_NUMBER:
            return None
        found = self.numbered().filter(sequence=sequence).fetch(1)
        return found[0] if found else None

    def last_of(self, action: str) -> "Entry | None":
        found = self.numbered().filter(action=action).order_by("-sequence").fetch(1)
        return found[0] if found else None

    def fetch(self, limit: int) -> "list[Entry]":
        """The first `limit` entries, with a placeholder that has only the sequence for each that cannot be read.

        Call it on a `numbered()` queryset only.
        """
        try:
            found = tolerant_rows.read_all(self._with_stored()[:limit])
            if not any(map(_is_foreign_entry, found)):
                return _with_subjects(found)
        except tolerant_rows.UnreadableError:
            pass  # read one by one below
        placeholders = {
            entry.sequence: entry for entry in tolerant_rows.read_all(self.only("sequence")[:limit])
        }
        return _with_subjects(
            placeholders[sequence].as_placeholder() if entry is None or _is_foreign_entry(entry) else entry
            for sequence, entry in tolerant_rows.read_each(self._with_stored(), limit)
            if sequence in placeholders
        )

    def _with_stored(self) -> "EntryQuerySet":
        return self.annotate(**stored_form.expressions())

    def last_sequence(self) -> int | None:
        """The highest sequence; 0 for an empty log, None when the stored value is not a number."""
        try:
            found = tolerant_rows.read_all(self.order_by("-sequence").values_list("sequence", flat=True)[:1])
        except tolerant_rows.UnreadableError:
            return None
        last = found[0] if found else 0
        return last if type(last) is int else None

    def rows(self, *, after: int | None = None, until: int | None = None) -> Iterator[Mapping[str, Any]]:
        """Rows with after < sequence <= until as dicts, in order of sequence.

        A row that cannot be read is `{"sequence": …, "unreadable": True}`. Rows are read in short batches: one long
        read would block every writer on SQLite, and keep dead rows from being vacuumed on PostgreSQL.
        """
        queryset = self.order_by("sequence")
        if until is not None:
            queryset = queryset.filter(sequence__lte=until)
        while batch := _read_batch(queryset if after is None else queryset.filter(sequence__gt=after)):
            yield from batch
            after = batch[-1]["sequence"]
            if type(after) is not int:
                return  # there is no defined next row


def newest_sequence() -> int | None:
    """The highest sequence of the whole log, as `last_sequence` has it, in SQL: every page that polls asks for it."""
    found = sql.run("SELECT sequence FROM audit_entry ORDER BY sequence DESC LIMIT 1")
    last = found[0][0] if found else 0
    return last if type(last) is int else None


def has_newer(sequence: int, *, besides: Collection[str]) -> bool:
    """Whether the log has a later row of another action than these. In SQL: each poll of what has not changed asks for it."""
    condition = f"sequence > %s AND action NOT IN ({sql.places(besides)})"
    return bool(sql.run(f"SELECT 1 FROM audit_entry WHERE {condition} LIMIT 1", [sequence, *besides]))  # noqa: S608


def _with_subjects(entries: "Iterable[Entry]") -> "list[Entry]":
    """The entries, with the names and addresses of all of them read at once."""
    entries = list(entries)
    known = subjects.of(entry.row for entry in entries)
    for entry in entries:
        entry.subjects = known
    return entries


def _has_foreign_value(row: dict[str, Any]) -> bool:
    """Whether a value has a type or a form that the portal never writes. Django raises no error for these.

    Takes what `stored_form.expressions` added out of the row.
    """
    stored = stored_form.take_stored(row)
    if row["at"] is None or any(isinstance(value, bytes) for value in row.values()):
        return True
    return stored_form.is_foreign(row, stored)


def _is_foreign_entry(entry: "Entry") -> bool:
    return _has_foreign_value(entry.row | stored_form.stored_of(entry))


def _read_batch(queryset: EntryQuerySet) -> list[Mapping[str, Any]]:
    values: models.QuerySet[Entry, Any] = queryset._with_stored().values()
    found: list[tuple[Any, Any]]
    try:
        found = [(row["sequence"], row) for row in tolerant_rows.read_all(values[:BATCH_SIZE])]
    except tolerant_rows.UnreadableError:
        found = list(tolerant_rows.read_each(values, BATCH_SIZE))
    return [
        {"sequence": sequence, chain.UNREADABLE: True} if row is None or _has_foreign_value(row) else row
        for sequence, row in found
    ]
