"""Legal holds: rows of the log that stay in the database although their archive was made.

A hold names a server, a person, an operation or a range of rows. Who placed it, why and under which name is in the row
of the log that placed it (holds.py). Triggers refuse every change but lifting, and refuse to delete rows under a hold.
"""

import re
from dataclasses import dataclass, fields
from functools import reduce
from operator import or_
from typing import Any, Final
from uuid import UUID

from django.db import models
from django.db.models import Q

from snapshots.audit import sealing
from snapshots.audit.subjects import Subject

_SCOPE: Final = re.compile(
    r"\A(?:server (?P<server_id>\d{1,18})|person (?P<person_id>\d{1,18})"
    r"|operation (?P<operation_id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
    r"|rows (?P<first_sequence>\d{1,18}) to (?P<last_sequence>\d{1,18}))\Z"
)


class ScopeError(ValueError):
    """The text names nothing that can be held."""


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What is held: one of a server, a person, an operation, or rows from the first to the last sequence."""

    server_id: int | None = None
    person_id: int | None = None
    operation_id: UUID | None = None
    first_sequence: int | None = None
    last_sequence: int | None = None

    def __str__(self) -> str:
        for name in ("server", "person", "operation"):
            number = getattr(self, f"{name}_id")
            if number is not None:
                return f"{name} {number}"
        return f"rows {self.first_sequence} to {self.last_sequence}"


def parse_scope(text: str) -> Scope:
    """The inverse of `str`: `server 12`, `person 3`, `operation <uuid>`, `rows 5 to 90`. Raises ScopeError."""
    found = _SCOPE.match(text)
    if found is None:
        raise ScopeError(text)
    given = {name: value for name, value in found.groupdict().items() if value is not None}
    fields_given: dict[str, Any] = {
        name: UUID(value) if name == "operation_id" else int(value) for name, value in given.items()
    }
    if fields_given.get("first_sequence", 0) > fields_given.get("last_sequence", 0):
        raise ScopeError(text)
    return Scope(**fields_given)


class Hold(models.Model):
    """`placed_in` and `lifted_in` are the sequences of the rows of the log that say so."""

    placed_in = models.BigIntegerField(primary_key=True)
    lifted_in = models.BigIntegerField(null=True)
    server_id = models.BigIntegerField(null=True)
    person_id = models.BigIntegerField(null=True)
    operation_id = models.UUIDField(null=True)
    first_sequence = models.BigIntegerField(null=True)
    last_sequence = models.BigIntegerField(null=True)

    class Meta:
        db_table = "audit_hold"
        ordering = ["-placed_in"]

    def __str__(self) -> str:
        return str(self.scope)

    @property
    def scope(self) -> Scope:
        return Scope(**{field.name: getattr(self, field.name) for field in fields(Scope)})

    @property
    def held_rows(self) -> Q:
        """The condition on rows of the log; for a person, rows by the person and rows that name the person."""
        if self.server_id is not None:
            return Q(server_id=self.server_id)
        if self.operation_id is not None:
            return Q(operation_id=self.operation_id)
        if self.person_id is not None:
            named = Subject.objects.filter(person_id=self.person_id).values("commitment")
            about = (Q(**{f"{column}__in": named}) for column in sealing.SUBJECT_COLUMNS)
            return reduce(or_, about, Q(actor_id=self.person_id))
        return Q(sequence__range=(self.first_sequence, self.last_sequence))
