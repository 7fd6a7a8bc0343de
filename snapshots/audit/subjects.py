"""Names of people and addresses: the values to which rows of the log hold commitments, so that they can be erased.

A subject is one person under one name, one text about a person, or one person's address on one day (UTC). Rows refer to
it by its commitment. Erasing blanks value and salt: without the salt the value cannot be guessed from the commitment. The subject
itself stays, and names the row of the log that says when, why and by whom it was erased.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db import models

from snapshots import sql
from snapshots.audit import sealing, tolerant_rows

LONGEST_VALUE: Final = 2000
SUBJECTS_PER_READ: Final = 500
"""SQLite allows 999 parameters in a query, in builds before 3.32."""


class Kind(models.TextChoices):
    PERSON = "person"
    TEXT = "text"
    """A text that names the person, such as the old and the new name."""
    ADDRESS = "address"


class Subject(models.Model):
    """Triggers refuse every change but erasing."""

    commitment = models.CharField(max_length=64, primary_key=True)
    kind = models.CharField(max_length=10, choices=Kind)
    person_id = models.BigIntegerField(null=True)
    value = models.CharField(max_length=LONGEST_VALUE, blank=True)
    salt = models.CharField(max_length=32, blank=True)
    day = models.DateField(null=True)
    """For an address: the day of the rows that refer to it, so that old addresses can be erased."""
    lookup = models.CharField(max_length=64, blank=True)
    """A hash of what makes the subject, to find it again; blank for texts, and when erased."""
    erased_in = models.BigIntegerField(null=True)
    """The sequence of the row of the log that records the erasure."""

    class Meta:
        db_table = "audit_subject"
        indexes = [
            models.Index(fields=["lookup"], name="audit_subject_lookup"),
            models.Index(fields=["person_id"], name="audit_subject_person"),
            models.Index(fields=["day"], name="audit_subject_day"),
            models.Index(fields=["erased_in"], name="audit_subject_erased"),
            # Partial, so that what is erased leaves them.
            models.Index(
                fields=["value", "day"],
                name="audit_subject_address",
                condition=models.Q(kind=Kind.ADDRESS, erased_in=None),
            ),
            models.Index(
                fields=["person_id"],
                name="audit_subject_names",
                condition=models.Q(kind__in=[Kind.PERSON, Kind.TEXT], erased_in=None),
            ),
        ]

    def __str__(self) -> str:
        return self.value

    @property
    def is_erased(self) -> bool:
        return self.erased_in is not None

    @property
    def named(self) -> "Named":
        """What it was made of, as stored now."""
        return Named(self.kind, self.person_id, self.value, self.day)

    @property
    def opens(self) -> bool:
        """Whether value and salt give the commitment."""
        try:
            found = sealing.commit_subject(self.salt, self.kind, self.person_id, self.value)
        except sealing.UNSERIALISABLE:
            return False
        return found == self.commitment


@dataclass(frozen=True)
class Named:
    """What a subject is made of. `day` only for an address."""

    kind: str
    person_id: int | None
    value: str
    day: date | None = None

    @property
    def lookup(self) -> str:
        if self.kind == Kind.TEXT:
            return ""
        day = self.day.isoformat() if self.day else None
        return hashlib.sha256(sealing.canonical([self.kind, self.person_id, self.value, day])).hexdigest()


def _create(named: Named) -> str:
    salt = sealing.new_salt()
    commitment = sealing.commit_subject(salt, named.kind, named.person_id, named.value)
    Subject.objects.create(
        commitment=commitment,
        kind=named.kind,
        person_id=named.person_id,
        value=named.value,
        salt=salt,
        day=named.day,
        lookup=named.lookup,
    )
    return commitment


def _with_lookups(lookups: list[str]) -> list[Subject]:
    if not lookups:
        return []
    condition = f"WHERE lookup IN ({sql.places(lookups)})"
    return tolerant_rows.read_all(sql.select(Subject, condition, lookups))


def commit(wanted: Mapping[str, Named]) -> dict[str, str]:
    """Column → commitment of each subject, created where there is none. Call it under the log's lock only.

    A subject that was changed in the database is not used again. Raises tolerant_rows.UnreadableError for one that
    cannot be read.
    """
    lookups = {named.lookup for named in wanted.values()} - {""}
    known = {
        one.lookup: one.commitment
        for one in _with_lookups(sorted(lookups))
        if one.lookup == one.named.lookup and one.opens
    }
    commitments = {}
    for column, named in wanted.items():
        commitments[column] = known.get(named.lookup) or _create(named)
        if named.lookup:
            known[named.lookup] = commitments[column]
    return commitments


def commitments_in(rows: Iterable[Mapping[str, Any]]) -> set[str]:
    values = (row.get(column) for row in rows for column in sealing.SUBJECT_COLUMNS)
    return {value for value in values if value and type(value) is str}


def read(commitments: Collection[str]) -> list[Subject]:
    """Those of these subjects that are there and can be read."""
    found: list[Subject] = []
    ordered = sorted(commitments)
    for start in range(0, len(ordered), SUBJECTS_PER_READ):
        found += _read_batch(ordered[start : start + SUBJECTS_PER_READ])
    return found


def _read_batch(commitments: list[str]) -> list[Subject]:
    try:
        return tolerant_rows.read_all(Subject.objects.filter(commitment__in=commitments))
    except tolerant_rows.UnreadableError:
        if len(commitments) == 1:
            return []
    return [subject for one in commitments for subject in _read_batch([one])]


def of(rows: Iterable[Mapping[str, Any]]) -> dict[str, Subject]:
    """Commitment → subject of all that these rows refer to; without those whose value was changed."""
    return {one.commitment: one for one in read(commitments_in(rows)) if one.is_erased or one.opens}


def values_in(row: Mapping[str, Any], known: Mapping[str, Subject]) -> dict[str, str]:
    """Subject column → value; '' if it is empty, erased or was changed."""
    return {
        column: known[row[column]].value if row.get(column) in known else ""
        for column in sealing.SUBJECT_COLUMNS
    }


def openings(row: Mapping[str, Any], known: Mapping[str, Subject]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Subject column and what proves its commitment, for the subjects that are not erased."""
    for column in sealing.SUBJECT_COLUMNS:
        subject = known.get(row[column])
        if subject is not None and not subject.is_erased:
            yield (
                column,
                {
                    "salt": subject.salt,
                    "kind": subject.kind,
                    "person_id": subject.person_id,
                    "value": subject.value,
                },
            )


def erased_columns(row: Mapping[str, Any], known: Mapping[str, Subject]) -> dict[str, int]:
    """Subject column → sequence of the row that erased it."""
    found = {column: known[row[column]] for column in sealing.SUBJECT_COLUMNS if row.get(column) in known}
    return {column: one.erased_in for column, one in found.items() if one.erased_in is not None}
