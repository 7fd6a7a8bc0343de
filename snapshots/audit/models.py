"""The rows of the audit log. Only journal.py inserts them; database triggers refuse every change and deletion.

Names of people and addresses are subjects (subjects.py), to which a row holds commitments.
"""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.functional import cached_property

from snapshots import sql
from snapshots.audit import chain, subjects
from snapshots.audit.hold_models import Hold  # noqa: F401 - Django looks for models in this module
from snapshots.audit.queries import EntryQuerySet
from snapshots.audit.saved_views.models import SavedView  # noqa: F401 - the same
from snapshots.audit.streaming.models import StreamCursor  # noqa: F401 - Django finds models here
from snapshots.audit.subjects import Subject
from snapshots.audit.tree_models import Checkpoint, Tile  # noqa: F401 - the same


class Phase(models.TextChoices):
    """The kind of a row: an operation has one intent and then outcomes; an event stands alone."""

    INTENT = "intent"
    OUTCOME = "outcome"
    EVENT = "event"


def _index_of_subjects(column: str, name: str, condition: Q) -> models.Index:
    return models.Index(fields=[column, "sequence"], name=name, condition=condition)


class Entry(models.Model):
    """One row of the log. Names are copied, so that the row stays readable after its person or server is deleted."""

    sequence = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    clock_was_behind = models.BooleanField(default=False)
    previous_hash = models.CharField(max_length=64, unique=True)
    hash = models.CharField(max_length=64)
    salt = models.CharField(max_length=32)
    key_id = models.CharField(max_length=16)

    phase = models.CharField(max_length=10, choices=Phase)
    operation_id = models.UUIDField(null=True)
    action = models.CharField(max_length=60)
    result = models.CharField(max_length=20)
    code = models.CharField(max_length=60, blank=True)

    actor_id = models.BigIntegerField(null=True)
    actor_subject = models.CharField(max_length=64, blank=True)
    actor_role = models.CharField(max_length=20, blank=True)
    settled_by_subject = models.CharField(max_length=64, blank=True)

    server_id = models.BigIntegerField(null=True)
    server_name = models.CharField(max_length=300, blank=True)
    snapshot_id = models.BigIntegerField(null=True)
    snapshot_name = models.CharField(max_length=300, blank=True)
    target = models.CharField(max_length=300, blank=True)
    target_subject = models.CharField(max_length=64, blank=True)

    reason = models.TextField(blank=True)
    evidence = models.TextField(blank=True)
    evidence_subject = models.CharField(max_length=64, blank=True)

    address_subject = models.CharField(max_length=64, blank=True)
    channel = models.CharField(max_length=20, blank=True)
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
            models.Index(fields=["server_name", "sequence"], name="audit_server_name"),
            models.Index(fields=["request_id", "sequence"], name="audit_request"),
            # Rows of a person are found by actor_id; these are those of nobody, and those about somebody.
            _index_of_subjects("actor_subject", "audit_no_actor", Q(actor_id=None)),
            _index_of_subjects("address_subject", "audit_no_actor_from", Q(actor_id=None)),
            _index_of_subjects("settled_by_subject", "audit_settled_by", ~Q(settled_by_subject="")),
            _index_of_subjects("target_subject", "audit_target_subject", ~Q(target_subject="")),
            _index_of_subjects("evidence_subject", "audit_evidence_subject", ~Q(evidence_subject="")),
            models.Index(
                fields=["token_fingerprint", "sequence"],
                name="audit_token",
                condition=~Q(token_fingerprint=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.action} {self.result}"

    @classmethod
    def column(cls, name: str) -> "models.Field[Any, Any]":
        field = cls._meta.get_field(name)
        assert isinstance(field, models.Field)
        return field

    @classmethod
    def from_columns(cls, columns: dict[str, Any]) -> "Entry":
        """An entry that is shown and never stored: of an archived row."""
        return cls(**columns)

    @property
    def row(self) -> dict[str, Any]:
        """All columns as a dict, the form that chain.py takes."""
        return {name: getattr(self, name) for name in sql.field_names(Entry)}

    @cached_property
    def subjects(self) -> dict[str, Subject]:
        """Commitment → subject of those that this row refers to (and perhaps of others)."""
        return subjects.of([self.row])

    def _subject_in(self, column: str) -> Subject | None:
        return self.subjects.get(getattr(self, column))

    def value_of(self, column: str) -> str:
        """The name, address or text in this subject column; '' if it has none, and when it is erased or was changed."""
        subject = self._subject_in(column)
        return subject.value if subject else ""

    def erased_in(self, column: str) -> int | None:
        """The sequence of the row that records the erasure of what this subject column held; None if it is not erased."""
        subject = self._subject_in(column)
        return subject.erased_in if subject else None

    @property
    def actor_name(self) -> str:
        """The actor's name at that time; '' when nobody acted, and when it is erased or was changed."""
        return self.value_of("actor_subject")

    @property
    def settled_by(self) -> str:
        return self.value_of("settled_by_subject")

    @property
    def address(self) -> str:
        return self.value_of("address_subject")

    @property
    def full_target(self) -> str:
        """The target, also when it is a person."""
        return self.target or self.value_of("target_subject")

    @property
    def full_evidence(self) -> str:
        """The evidence, also when it names a person."""
        return self.evidence or self.value_of("evidence_subject")

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
