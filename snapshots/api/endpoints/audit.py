"""The audit log for a collector: rows in their order, each with its seal, from where the collector stopped.

Rows are committed in the order of their numbers. So whoever asks for the rows after the last number of the answer before
(`next_after`) loses none and gets none twice, whatever filter is used.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Annotated, Any, Final

from django.db.models import Q
from django.utils import timezone
from msgspec import Meta, Struct

from snapshots.api.endpoints.errors import ApiError
from snapshots.api.endpoints.http import Answer, Call
from snapshots.api.endpoints.resources import Resource
from snapshots.api.endpoints.shapes import Id
from snapshots.api.models import ApiKey
from snapshots.api.statements import READ_FROM
from snapshots.audit import chain, journal, lines
from snapshots.audit.archiving import rows as archive_rows
from snapshots.audit.models import Entry
from snapshots.audit.queries import LAST_NUMBER

MOST_ROWS: Final = 500
MOST_SCANNED: Final = 5000

entry_list = Resource("audit/", "api_audit")


class AuditQuery(Struct):
    """`after`: the last row that is known. Filters are compared with each row; empty ones do not filter."""

    after: Annotated[int, Meta(ge=0, le=LAST_NUMBER)] = 0
    limit: Annotated[int, Meta(ge=1, le=MOST_ROWS)] = 100
    action: str = ""
    result: str = ""
    server_id: Id | None = None
    actor_id: Id | None = None


class AuditPage(Struct):
    """Rows as docs/log-format.md describes them, with `hash`, the seal. `next_after`: for the next request.

    `is_at_end`: there was no later row when it was asked for.
    """

    results: list[dict[str, Any]]
    next_after: int
    is_at_end: bool


@entry_list.method(
    "GET", right="audit.read", query=AuditQuery, answers={200: AuditPage}, summary="Rows of the audit log"
)
def list_entries(call: Call, query: AuditQuery) -> Answer:
    """From `after` on, the oldest first: at most `limit` rows that match, of at most 5,000 that are looked at."""
    archived = archive_rows.last_archived()
    if query.after < archived:
        raise ApiError(
            410,
            "archived",
            f"Rows 1 to {archived} are archived in files: go on after them, or read the files.",
            archived_until=archived,
        )
    newest = Entry.objects.numbered().last_sequence() or 0
    if query.after > newest:
        raise ApiError(
            409,
            "log_is_shorter",
            f"The log ends with row {newest}, so row {query.after} is none of it. If you had that row, a backup was restored: "
            "what you have and what the log has now may differ before it, too.",
            newest=newest,
        )
    _record_reading(call, query.after)
    until = min(newest, query.after + MOST_SCANNED)
    found = list(islice(_rows(query, until), query.limit + 1))
    is_cut = len(found) > query.limit
    found = found[: query.limit]
    next_after = found[-1]["sequence"] if is_cut else max(until, query.after)
    hashes = {row["sequence"]: row.get("hash") for row in found}
    shown = [line | {"hash": hashes[_sequence_of(line)]} for line in lines.row_lines(found, newest)]
    return Answer(AuditPage(shown, next_after, next_after >= newest))


def _rows(query: AuditQuery, until: int) -> Iterator[Mapping[str, Any]]:
    """Rows that match, and those that cannot be read, which might."""
    condition = Q()
    given = {
        "action": query.action,
        "result": query.result,
        "server_id": query.server_id,
        "actor_id": query.actor_id,
    }
    for column, value in given.items():
        if value:
            condition &= Q(**{column: value})
    queryset = Entry.objects.numbered().filter(condition)
    return queryset.rows(after=query.after, until=until)


def _sequence_of(line: Mapping[str, Any]) -> int:
    number: int = line["sequence"] if line["type"] == chain.UNREADABLE else line["row"]["sequence"]
    return number


def _record_reading(call: Call, after: int) -> None:
    """Once a day for each key, as an export: a row for each request of a collector would be about nothing but itself."""
    today = timezone.now().date()
    moved = ApiKey.objects.filter(pk=call.key.pk).exclude(log_read_on=today).update(log_read_on=today)
    if moved:
        journal.record(
            call.actor.entry(action="audit.export", code="api", evidence=READ_FROM.said(row=after + 1))
        )
