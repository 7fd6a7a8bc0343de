"""Downloads of the log: an export, and the receipt of one operation, which anybody can verify with the public key."""

from typing import Any
from uuid import UUID

import structlog
from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404

from snapshots.audit import checkpoints, export, lines
from snapshots.audit.archiving import rows as archive_rows
from snapshots.audit.models import Entry, Phase
from snapshots.audit.queries import EntryQuerySet
from snapshots.operations.attention import visible_to
from snapshots.views.access import requires
from snapshots.views.actor import actor_of
from snapshots.views.errors import no_proof, no_receipt

log = structlog.get_logger(__name__)
ADDRESS_COLUMN = "address_subject"


def download(request: HttpRequest, **options: Any) -> HttpResponseBase:
    """The file of export.begin(**options); an error page when its rows cannot be proven."""
    try:
        file = export.begin(actor=actor_of(request), **options)
    except checkpoints.CheckpointError:
        log.exception("no checkpoint could be signed")
        return no_proof(request)
    response = StreamingHttpResponse(file.chunks, content_type=file.content_type)
    response["Content-Disposition"] = f'attachment; filename="{file.file_name}"'
    response["Cache-Control"] = "no-store"
    return response


@requires("audit.export", "POST", page="entry_detail")
def entry_receipt(request: HttpRequest, sequence: int) -> HttpResponseBase:
    """The receipt of an entry: all rows of its operation, or the one row of an event."""
    entry = Entry.objects.row(sequence)
    if entry is None and archive_rows.holding(sequence):
        return no_receipt(request)
    if entry is None or not entry.is_readable:
        raise Http404
    return _receipt(request, entry.history, f"entry {sequence}", columns=None)


@requires("signed_in", "POST", page="operation_detail")
def operation_receipt(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The receipt of an operation for a person who sees its page. Only who may export the log gets addresses."""
    operation = get_object_or_404(visible_to(request.user), pk=pk)
    hidden = set() if request.user.has_perm("audit.export") else {ADDRESS_COLUMN}
    rows = Entry.objects.filter(operation_id=operation.pk).numbered()
    columns = [column for column in lines.COLUMNS if column not in hidden] if hidden else None
    return _receipt(request, rows, f"operation {operation.pk}", columns=columns)


def is_complete(first: Entry | None) -> bool:
    """Whether all rows of an operation or event are in the database. `first` is the first of those that are.

    Rows are archived in their order, so an operation whose first row, the intent, is there has all of them.
    """
    return first is not None and first.phase != Phase.OUTCOME


def _receipt(
    request: HttpRequest, rows: EntryQuerySet, about: str, *, columns: list[str] | None
) -> HttpResponseBase:
    if not is_complete(next(iter(rows.order_by("sequence").fetch(1)), None)):
        return no_receipt(request)
    return download(request, rows=rows, format_name="json", filters=about, columns=columns, kind="receipt")
