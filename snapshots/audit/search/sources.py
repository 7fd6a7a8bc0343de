"""Where the numbers of matching rows in a window are found, each with one index.

A source finds every row that matches, and no other. SQL is written out where the
database must not choose another way: it would read the log backwards until it has enough rows, however far away they are.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from django.db import connection
from django.db.models import Q

from snapshots.audit.search import searched
from snapshots.audit.search.windows import LARGEST, Window

if TYPE_CHECKING:
    from snapshots.audit.queries import EntryQuerySet

INDEXES: Final = {
    "server_name": "audit_server_name",
    "server_id": "audit_server",
    "request_id": "audit_request",
    "result": "audit_result",
    "action": "audit_action",
    "actor_id": "audit_actor",
    "token_fingerprint": "audit_token",
    "actor_subject": "audit_no_actor",
    "address_subject": "audit_no_actor_from",
    "settled_by_subject": "audit_settled_by",
    "target_subject": "audit_target_subject",
    "evidence_subject": "audit_evidence_subject",
}
"""The index that begins with each column."""
OF_NOBODY: Final = "actor_id IS NULL"
PREDICATES: Final = {
    "actor_subject": OF_NOBODY,
    "address_subject": OF_NOBODY,
    "token_fingerprint": "NOT token_fingerprint = ''",
    "settled_by_subject": "NOT settled_by_subject = ''",
    "target_subject": "NOT target_subject = ''",
    "evidence_subject": "NOT evidence_subject = ''",
}
"""Of partial indexes: the condition in the words of the index, without which the database does not use it."""
NUMBERS: Final = frozenset({"server_id", "actor_id"})
SEARCHED_TEXT: Final = f"upper({' || chr(31) || '.join(searched.COLUMNS)})"
WINDOW_KEYS: Final = (
    "ARRAY[(sequence >> 10) << 2, (sequence >> 13) << 2 | 1, "
    "(sequence >> 16) << 2 | 2, (sequence >> 20) << 2 | 3]"
)
"""Both as in the index `audit_search` (migration 0006_search)."""


class Source(Protocol):
    def find(self, window: Window, limit: int | None) -> list[int] | None:
        """The sequences in the window that may match, in any order; None if there are more than `limit`."""
        ...


def _read(sql: str, parameters: Sequence[Any], limit: int | None) -> list[int] | None:
    """Run `sql`, to which a limit is added. A sequence that is no number is left out: somebody else inserted the row."""
    if limit is not None:
        sql, parameters = f"{sql} LIMIT %s", [*parameters, limit + 1]
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        found = [one for (one,) in cursor.fetchall() if type(one) is int]
    return None if limit is not None and len(found) > limit else found


@dataclass(frozen=True)
class ColumnSource:
    """Rows with one of `values` in `column`; with `also`, only those with one of its values in another column."""

    column: str
    values: tuple[str, ...] | tuple[int, ...]
    also: tuple[str, tuple[str, ...]] | None = None

    def finds_any(self) -> bool:
        """Whether there is such a row in the whole log."""
        return self.find(Window(LARGEST, 1, 2**63 - 1), 0) != []

    @property
    def condition(self) -> Q:
        """The same as a condition on rows. In a partial index there are only rows of nobody."""
        found = Q(
            **{f"{self.column}__in": self.values} if len(self.values) > 1 else {self.column: self.values[0]}
        )
        if self.also:
            found &= Q(**{f"{self.also[0]}__in": self.also[1]})
        return found & Q(actor_id=None) if PREDICATES.get(self.column) == OF_NOBODY else found

    def find(self, window: Window, limit: int | None) -> list[int] | None:
        if not self.values:
            return []
        statement = self._on_postgresql if connection.vendor == "postgresql" else self._on_sqlite
        return _read(*statement(window), limit)

    def _on_postgresql(self, window: Window) -> tuple[str, list[Any]]:
        """One seek for each value. The window begins with a pair too, so that no other index is better.

        It does not end with one: PostgreSQL 15 would not stop there, and would read on to the last row with the value.
        """
        conditions = [
            f"{self.column} = wanted.value",
            "sequence >= %s",
            "sequence < %s",
            f"({self.column}, sequence) >= (wanted.value, %s)",
            *self._predicate,
        ]
        kind = "bigint" if self.column in NUMBERS else "text"
        parameters: list[Any] = [list(self.values), window.start, window.end, window.start]
        if self.also:
            conditions.append(f"{self.also[0]} = ANY(%s)")
            parameters.append(list(self.also[1]))
        sql = (
            f"SELECT found.sequence FROM unnest(%s::{kind}[]) AS wanted(value) CROSS JOIN LATERAL "  # noqa: S608
            f"(SELECT sequence FROM audit_entry WHERE {' AND '.join(conditions)} OFFSET 0) AS found"
        )
        return sql, parameters

    def _on_sqlite(self, window: Window) -> tuple[str, list[Any]]:
        listed = "{} IN (SELECT value FROM json_each(%s))"
        conditions = ["sequence >= %s", "sequence < %s", *self._predicate, listed.format(self.column)]
        parameters: list[Any] = [window.start, window.end, json.dumps(self.values)]
        if self.also:
            conditions.append(listed.format("+" + self.also[0]))
            parameters.append(json.dumps(self.also[1]))
        sql = f"SELECT sequence FROM audit_entry INDEXED BY {INDEXES[self.column]} WHERE {' AND '.join(conditions)}"  # noqa: S608
        return sql, parameters

    @property
    def _predicate(self) -> list[str]:
        return [PREDICATES[self.column]] if self.column in PREDICATES else []


@dataclass(frozen=True)
class TextSource:
    """Rows of the log `entries` that contain `text`, a text that `has_index`."""

    text: str
    entries: "EntryQuerySet"

    def find(self, window: Window, limit: int | None) -> list[int] | None:
        if connection.vendor == "sqlite":
            return self._on_sqlite(window, limit)
        return _read(*self._on_postgresql(window), limit)

    def _on_postgresql(self, window: Window) -> tuple[str, list[Any]]:
        """Materialized: otherwise the limit could make the database read the table instead of the index.

        The range of a large window stays out of it: another index would be read for a million rows to keep to it.
        """
        conditions = [f"{WINDOW_KEYS} @> ARRAY[%s]::bigint[]", f"{SEARCHED_TEXT} LIKE upper(%s)"]
        span = [window.start, window.end]
        parameters = [window.key, f"%{connection.ops.prep_for_like_query(self.text)}%"]
        if window.level != LARGEST:
            conditions += ["sequence >= %s", "sequence < %s"]
            parameters += span
        sql = (
            f"WITH found AS MATERIALIZED (SELECT sequence FROM audit_entry WHERE {' AND '.join(conditions)}) "  # noqa: S608
            "SELECT sequence FROM found WHERE sequence >= %s AND sequence < %s"
        )
        return sql, [*parameters, *span]

    def _on_sqlite(self, window: Window, limit: int | None) -> list[int] | None:
        """The index has no places of the parts in a text, so the rows are compared."""
        sql = "SELECT rowid FROM audit_search WHERE audit_search MATCH %s AND rowid >= %s AND rowid < %s"
        found = _read(sql, [searched.match_expression(self.text), window.start, window.end], limit)
        if not found:
            return found
        rows = self.entries.filter(searched.contains(self.text), sequence__in=found)
        return list(rows.values_list("sequence", flat=True))
