"""The rows of the audit log. Only journal.py inserts them; database triggers refuse every change and deletion.

Filters become ranges of `sequence`, and every index ends in it, so a page is found by a seek and not by an offset.
Sequence and time grow together, so a period is a range of sequences too.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from django.db import models
from django.db.models import Exists, OuterRef, Q

from snapshots.audit import chain, tolerant_rows
from snapshots.audit.streaming.models import StreamCursor  # noqa: F401 - Django finds models here

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
    def newest_per_operation(self) -> "EntryQuerySet":
        """The last row of each operation, and every event."""
        later = Entry.objects.filter(operation_id=OuterRef("operation_id"), sequence__gt=OuterRef("sequence"))
        return self.filter(~Exists(later))

    def by_people(self, ids: Collection[int]) -> "EntryQuerySet":
        """Rows of the people with these IDs, under any name."""
        return self.filter(actor_id__in=ids)

    def by_name(self, text: str, ids: Collection[int]) -> "EntryQuerySet":
        """Rows of everybody who ever had a name containing `text`, under all their names, and of the people with `ids`."""
        matching = Entry.objects.filter(actor_name__icontains=text).order_by()
        found = matching.values_list("actor_id", flat=True).distinct()
        people = {
            *ids,
            *(actor_id for actor_id in found if type(actor_id) is int),
        }  # a tampered row may hold any type
        return self.filter(Q(actor_id__in=people) | Q(actor_id=None, actor_name__icontains=text))

    def on_server(self, text: str, ids: Collection[int]) -> "EntryQuerySet":
        """Rows of the servers with these IDs or exactly this name; without IDs, of servers whose name contains `text`."""
        if ids:
            return self.filter(Q(server_id__in=ids) | Q(server_name=text))
        return self.filter(server_name__icontains=text)

    def between(self, since: datetime | None, until: datetime | None) -> "EntryQuerySet":
        """Rows with since <= at < until, as a range of sequences found by two seeks in the index (at, sequence)."""
        by_time = Entry.objects.order_by("at", "sequence").values_list("sequence", flat=True)
        rows = self
        if since is not None:
            first = by_time.filter(at__gte=since).first()
            rows = rows.none() if first is None else rows.filter(sequence__gte=first)
        if until is not None:
            end = by_time.filter(at__gte=until).first()
            rows = rows if end is None else rows.filter(sequence__lt=end)
        return rows

    def containing(self, text: str) -> "EntryQuerySet":
        condition = Q()
        for column in SEARCHED_COLUMNS:
            condition |= Q(**{f"{column}__icontains": text})
        return self.filter(condition)

    def with_history(self) -> "EntryQuerySet":
        """The rows of this queryset, and all other rows of their operations, in the default order."""
        selected = self.order_by()
        is_selected = Exists(selected.filter(sequence=OuterRef("sequence")))
        same_operation = Exists(selected.filter(operation_id=OuterRef("operation_id")))
        return Entry.objects.filter(Q(is_selected) | Q(same_operation))

    def capped_count(self) -> int:
        """The number of rows, at most COUNT_LIMIT + 1: counting millions of rows takes about a second."""
        return self.order_by()[: COUNT_LIMIT + 1].count()

    def numbered(self) -> "EntryQuerySet":
        """Rows with a valid sequence, from 1 on. Any other row was inserted by somebody else; verifying reports it."""
        return self.filter(sequence__range=(1, LAST_NUMBER))

    def last_of(self, action: str) -> "Entry | None":
        found = self.numbered().filter(action=action).order_by("-sequence").fetch(1)
        return found[0] if found else None

    def fetch(self, limit: int) -> "list[Entry]":
        """The first `limit` entries, with a placeholder that has only the sequence for each that cannot be read.

        Call it on a `numbered()` queryset only.
        """
        try:
            found = tolerant_rows.read_all(self[:limit])
            if not any(_has_foreign_value(entry.row) for entry in found):
                return found
        except tolerant_rows.UnreadableError:
            pass  # read one by one below
        placeholders = {
            entry.sequence: entry for entry in tolerant_rows.read_all(self.only("sequence")[:limit])
        }
        return [
            placeholders[sequence].as_placeholder()
            if entry is None or _has_foreign_value(entry.row)
            else entry
            for sequence, entry in tolerant_rows.read_each(self, limit)
            if sequence in placeholders
        ]

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


def _has_foreign_value(row: Mapping[str, Any]) -> bool:
    """Whether a value has a type the portal never writes: bytes, or no valid time. Django raises no error for these."""
    return row["at"] is None or any(isinstance(value, bytes) for value in row.values())


def _read_batch(queryset: EntryQuerySet) -> list[Mapping[str, Any]]:
    values: models.QuerySet[Entry, Any] = queryset.values()
    found: list[tuple[Any, Any]]
    try:
        found = [(row["sequence"], row) for row in tolerant_rows.read_all(values[:BATCH_SIZE])]
    except tolerant_rows.UnreadableError:
        found = list(tolerant_rows.read_each(values, BATCH_SIZE))
    return [
        {"sequence": sequence, chain.UNREADABLE: True} if row is None or _has_foreign_value(row) else row
        for sequence, row in found
    ]


class Phase(models.TextChoices):
    """The kind of a row: an operation has one intent and then outcomes; an event stands alone."""

    INTENT = "intent"
    OUTCOME = "outcome"
    EVENT = "event"


class Entry(models.Model):
    """One row of the log. Names are copied, so that the row stays readable after its person or server is deleted."""

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
        """All columns as a dict, the form that chain.py takes."""
        return {field.attname: getattr(self, field.attname) for field in self._meta.concrete_fields}

    def as_placeholder(self) -> "Entry":
        """This entry, of which only the sequence was loaded, with defaults in the other columns and marked as unreadable."""
        for field in self._meta.concrete_fields:
            if not field.primary_key:
                setattr(self, field.attname, field.get_default())
        self.action = self.result = chain.UNREADABLE
        return self

    @property
    def is_readable(self) -> bool:
        """False for a placeholder of a row that cannot be read: see `fetch`."""
        return self.action != chain.UNREADABLE

    @property
    def history(self) -> EntryQuerySet:
        """All rows of this row's operation in order; for an event, the row itself."""
        rows = Entry.objects.filter(sequence=self.sequence)
        if self.operation_id is not None:
            rows = Entry.objects.numbered().filter(operation_id=self.operation_id)
        return rows.order_by("sequence")
