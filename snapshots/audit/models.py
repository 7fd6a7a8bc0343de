"""The audit log's rows: inserted by journal.py alone, never changed or deleted: the database refuses.

Filters end in ranges of `sequence`, and every index ends in it, so that a page is a seek and not a count of rows
before it. Sequence and time grow together, so a period is a range of sequences too.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from django.db import models
from django.db.models import Exists, OuterRef, Q

from snapshots.audit import chain, tolerant_rows

COUNT_LIMIT: Final = 10_000
BATCH_SIZE: Final = 1000
LAST_NUMBER: Final = 2**63 - 1
SEARCHED_COLUMNS: Final = (
    "reason",
    "server_name",
    "snapshot_name",
    "target",
    "provider_message",
    "evidence",
    "actor_name",
    "token_label",
    "request_id",
)


class EntryQuerySet(models.QuerySet["Entry"]):
    def lines(self) -> "EntryQuerySet":
        """One row for each history: the last of each operation, and every event."""
        later = Entry.objects.filter(operation_id=OuterRef("operation_id"), sequence__gt=OuterRef("sequence"))
        return self.filter(~Exists(later))

    def by_people(self, ids: Collection[int]) -> "EntryQuerySet":
        """Of the persons with these ids, whatever they were called."""
        return self.filter(actor_id__in=ids)

    def by_name(self, text: str, ids: Collection[int]) -> "EntryQuerySet":
        """Of everybody who was ever called so or something like it, under all their names; and of those with `ids`."""
        called = Entry.objects.filter(actor_name__icontains=text).order_by()
        found = called.values_list("actor_id", flat=True).distinct()
        people = {*ids, *(one for one in found if type(one) is int)}  # a changed row may hold anything
        return self.filter(Q(actor_id__in=people) | Q(actor_id=None, actor_name__icontains=text))

    def on_server(self, text: str, ids: Collection[int]) -> "EntryQuerySet":
        """On the servers with these ids or exactly this name; without ids, with names like it."""
        if ids:
            return self.filter(Q(server_id__in=ids) | Q(server_name=text))
        return self.filter(server_name__icontains=text)

    def between(self, since: datetime | None, until: datetime | None) -> "EntryQuerySet":
        """From `since` on and before `until`, as a range of sequences that is found by two seeks in (at, sequence)."""
        in_time = Entry.objects.order_by("at", "sequence").values_list("sequence", flat=True)
        rows = self
        if since is not None:
            first = in_time.filter(at__gte=since).first()
            rows = rows.none() if first is None else rows.filter(sequence__gte=first)
        if until is not None:
            behind = in_time.filter(at__gte=until).first()
            rows = rows if behind is None else rows.filter(sequence__lt=behind)
        return rows

    def containing(self, text: str) -> "EntryQuerySet":
        wanted = Q()
        for column in SEARCHED_COLUMNS:
            wanted |= Q(**{f"{column}__icontains": text})
        return self.filter(wanted)

    def with_history(self) -> "EntryQuerySet":
        """Every row of the stories whose line is in this queryset, in order of sequence."""
        lines = self.order_by()
        is_line = Exists(lines.filter(sequence=OuterRef("sequence")))
        same_operation = Exists(lines.filter(operation_id=OuterRef("operation_id")))
        return Entry.objects.filter(Q(is_line) | Q(same_operation))

    def capped_count(self) -> int:
        """How many there are, but never more than COUNT_LIMIT + 1: a count of millions would take a second."""
        return self.order_by()[: COUNT_LIMIT + 1].count()

    def numbered(self) -> "EntryQuerySet":
        """Those from row 1 on: no others belong to the log, whoever put them in. Verifying names them."""
        return self.filter(sequence__range=(1, LAST_NUMBER))

    def last_of(self, action: str) -> "Entry | None":
        found = self.numbered().filter(action=action).order_by("-sequence").shown(1)
        return found[0] if found else None

    def shown(self, limit: int) -> "list[Entry]":
        """The first `limit`; where one cannot be read, an entry stands that has its number and nothing else.

        Only of what is `numbered()`.
        """
        try:
            found = tolerant_rows.read_all(self[:limit])
            if not any(_is_foreign(entry.row) for entry in found):
                return found
        except tolerant_rows.UnreadableError:
            pass  # found row by row
        numbers = {entry.sequence: entry for entry in tolerant_rows.read_all(self.only("sequence")[:limit])}
        return [
            numbers[sequence].emptied() if entry is None or _is_foreign(entry.row) else entry
            for sequence, entry in tolerant_rows.read_each(self, limit)
            if sequence in numbers
        ]

    def last_sequence(self) -> int | None:
        """The highest there is, 0 when there is none, None when it is no number."""
        try:
            found = tolerant_rows.read_all(self.order_by("-sequence").values_list("sequence", flat=True)[:1])
        except tolerant_rows.UnreadableError:
            return None
        last = found[0] if found else 0
        return last if type(last) is int else None

    def rows(self, *, after: int | None = None, until: int | None = None) -> Iterator[Mapping[str, Any]]:
        """Rows as plain mappings in order of sequence, of the range after < sequence <= until.

        A row that cannot be read is `{"sequence": …, "unreadable": True}`. Read in short batches: a single long read
        would hold up every writer on SQLite, and hold old rows on PostgreSQL.
        """
        wanted = self.order_by("sequence")
        if until is not None:
            wanted = wanted.filter(sequence__lte=until)
        while batch := _batch(wanted if after is None else wanted.filter(sequence__gt=after)):
            yield from batch
            after = batch[-1]["sequence"]
            if type(after) is not int:
                return  # nothing can be said to come behind it


def _is_foreign(row: Mapping[str, Any]) -> bool:
    """It holds bytes, or a time that is none: Django lets both through."""
    return row["at"] is None or any(isinstance(value, bytes) for value in row.values())


def _batch(wanted: EntryQuerySet) -> list[Mapping[str, Any]]:
    values: models.QuerySet[Entry, Any] = wanted.values()
    found: list[tuple[Any, Any]]
    try:
        found = [(row["sequence"], row) for row in tolerant_rows.read_all(values[:BATCH_SIZE])]
    except tolerant_rows.UnreadableError:
        found = list(tolerant_rows.read_each(values, BATCH_SIZE))
    return [
        {"sequence": sequence, chain.UNREADABLE: True} if row is None or _is_foreign(row) else row
        for sequence, row in found
    ]


class Phase(models.TextChoices):
    """Where a row stands in its history. An event is a history of one row."""

    INTENT = "intent"
    OUTCOME = "outcome"
    EVENT = "event"


class Entry(models.Model):
    """One row of the log. Names are copied, so that a row survives whom and what it speaks of."""

    sequence = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    clock_was_behind = models.BooleanField(default=False)
    previous_hash = models.CharField(max_length=64, unique=True)
    hash = models.CharField(max_length=64)
    key_id = models.CharField(max_length=16)

    phase = models.CharField(max_length=10, choices=Phase)
    operation_id = models.UUIDField(null=True)
    action = models.CharField(max_length=60)
    result = models.CharField(max_length=20)
    code = models.CharField(max_length=60, blank=True)

    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, blank=True)
    actor_role = models.CharField(max_length=20, blank=True)
    settled_by = models.CharField(max_length=150, blank=True)

    server_id = models.BigIntegerField(null=True)
    server_name = models.CharField(max_length=300, blank=True)
    snapshot_id = models.BigIntegerField(null=True)
    snapshot_name = models.CharField(max_length=300, blank=True)
    target = models.CharField(max_length=300, blank=True)

    reason = models.TextField(blank=True)
    evidence = models.TextField(blank=True)

    address = models.CharField(max_length=45, blank=True)
    channel = models.CharField(max_length=10, blank=True)
    token_label = models.CharField(max_length=80, blank=True)
    token_fingerprint = models.CharField(max_length=64, blank=True)
    request_id = models.CharField(max_length=36, blank=True)

    provider_status = models.IntegerField(null=True)
    provider_message = models.TextField(blank=True)
    duration_ms = models.IntegerField(null=True)

    objects = EntryQuerySet.as_manager()

    class Meta:
        db_table = "audit_entry"
        ordering = ["-sequence"]
        constraints = [models.CheckConstraint(condition=Q(sequence__gte=1), name="audit_sequence")]
        indexes = [
            models.Index(fields=["at", "sequence"], name="audit_at"),
            models.Index(fields=["operation_id", "sequence"], name="audit_operation"),
            models.Index(fields=["action", "sequence"], name="audit_action"),
            models.Index(fields=["result", "sequence"], name="audit_result"),
            models.Index(fields=["actor_id", "sequence"], name="audit_actor"),
            models.Index(fields=["server_id", "sequence"], name="audit_server"),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.action} {self.result}"

    @classmethod
    def column(cls, name: str) -> "models.Field[Any, Any]":
        field = cls._meta.get_field(name)
        assert isinstance(field, models.Field)
        return field

    @property
    def row(self) -> dict[str, Any]:
        """All columns, as chain.py reads them."""
        return {field.attname: getattr(self, field.attname) for field in self._meta.concrete_fields}

    def emptied(self) -> "Entry":
        """Itself, of which only the number was read, with nothing in the other columns and marked as unreadable."""
        for field in self._meta.concrete_fields:
            if not field.primary_key:
                setattr(self, field.attname, field.get_default())
        self.action = self.result = chain.UNREADABLE
        return self

    @property
    def is_readable(self) -> bool:
        """False for one that stands for a row which cannot be read: see `shown`."""
        return self.action != chain.UNREADABLE

    @property
    def history(self) -> EntryQuerySet:
        """All rows of the history this row belongs to, in order."""
        mine = Entry.objects.filter(sequence=self.sequence)
        if self.operation_id is not None:
            mine = Entry.objects.numbered().filter(operation_id=self.operation_id)
        return mine.order_by("sequence")
