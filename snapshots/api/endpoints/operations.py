"""Operations: how each ended, or is going on; and waiting for an end."""

import threading
import time
from typing import Annotated, Final
from uuid import UUID

from django.conf import settings
from msgspec import Meta, Struct

from snapshots.api.endpoints.http import Answer, Call, older_page
from snapshots.api.endpoints.items import OperationItem, OperationPage, operation_item
from snapshots.api.endpoints.reach import foreign_or_missing, reached_rows
from snapshots.api.endpoints.resources import Resource
from snapshots.api.endpoints.shapes import Id
from snapshots.operations import attention
from snapshots.operations.models import Operation, OperationQuerySet
from snapshots.operations.reconciliation import read_and_reconcile
from snapshots.vault.models import StoredToken

LONGEST_WAIT: Final = 30.0
LOOK_SECONDS: Final = 0.5
READ_SECONDS: Final = 4.0
PAGE_SIZE: Final = 50
_waiting = threading.BoundedSemaphore(max(1, settings.SNAPPORTAL_THREADS // 4))
"""A waiting request occupies a thread: beyond this number requests are answered at once."""

operation_list = Resource("operations/", "api_operations")
operation = Resource("operations/<uuid:pk>/", "api_operation")


class WaitQuery(Struct):
    """`wait`: for how many seconds the answer may wait for the operation's end."""

    wait: Annotated[float, Meta(ge=0, le=LONGEST_WAIT)] = 0.0


class OperationQuery(Struct):
    server_id: Id | None = None
    is_open: bool | None = None
    before: UUID | None = None


def visible(call: Call) -> OperationQuerySet:
    """Those that the key's person sees on pages, of the servers that the key reaches."""
    reached = reached_rows(call, "token_fingerprint", call.token.fingerprint)
    return attention.visible_to(call.person).filter(reached)


@operation_list.method(
    "GET",
    right="snapshots.see",
    query=OperationQuery,
    answers={200: OperationPage},
    summary="List operations",
)
def list_operations(call: Call, query: OperationQuery) -> Answer:
    """Newest first, 50 at a time: `next` leads to the older ones."""
    found = visible(call)
    if query.server_id is not None:
        call.note_server_filter(query.server_id)
        found = found.filter(server_id=query.server_id)
    if query.is_open is not None:
        found = found.open() if query.is_open else found.filter(ended_at__isnull=False)
    rows, next_url = older_page(call, found, query.before, PAGE_SIZE)
    return Answer(OperationPage([operation_item(one) for one in rows], next_url))


@operation.method(
    "GET",
    right="snapshots.see",
    query=WaitQuery,
    answers={200: OperationItem},
    summary="One operation; with wait, its end",
)
def read_operation(call: Call, query: WaitQuery, pk: UUID) -> Answer:
    """Answers as soon as it has ended, or after `wait` seconds; at once while many requests wait already."""
    found = visible(call).filter(pk=pk).first()
    if found is None:
        raise foreign_or_missing(call, Operation.objects.all(), pk, "This operation")
    if query.wait and found.is_open and _waiting.acquire(blocking=False):
        try:
            found = _wait(found, query.wait)
        finally:
            _waiting.release()
    return Answer(operation_item(found))


def _wait(operation: Operation, seconds: float) -> Operation:
    """Look until it has ended. Lists are read too, as often as an open page would, so that no worker is needed."""
    until = time.monotonic() + seconds
    token = StoredToken.objects.filter(fingerprint=operation.token_fingerprint).first()
    read_at = 0.0
    while True:
        if token and time.monotonic() - read_at > READ_SECONDS:
            read_and_reconcile(token)
            read_at = time.monotonic()
        operation.refresh_from_db()
        left = until - time.monotonic()
        if not operation.is_open or left <= 0:
            return operation
        time.sleep(min(LOOK_SECONDS, left))
