"""Requests for approval: what became of each. Decisions are made by people, on pages."""

from typing import Final
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from msgspec import Struct

from snapshots.api.endpoints.http import Answer, Call, older_page
from snapshots.api.endpoints.reach import foreign_or_missing, reached_rows
from snapshots.api.endpoints.resources import Resource
from snapshots.api.endpoints.shapes import ServerName, SnapshotName, time_text
from snapshots.approvals import queries
from snapshots.approvals.models import ApprovalRequest
from snapshots.jobs.models import Job
from snapshots.operations.models import Operation

PAGE_SIZE: Final = 50
PAGES: Final[dict[type, str]] = {Operation: "api_operation", Job: "api_job"}

request_list = Resource("requests/", "api_requests")
request = Resource("requests/<uuid:pk>/", "api_request")


class RequestQuery(Struct):
    before: UUID | None = None


class RequestItem(Struct):
    """`state` is waiting, approved, begun, void, denied, withdrawn or expired. `began`: the address of what it became."""

    id: str
    url: str
    kind: str
    state: str
    code: str
    server: ServerName
    snapshot: SnapshotName
    also_deletes: str
    reason: str
    needed: int
    created_at: str | None
    expires_at: str | None
    ended_at: str | None
    began: str | None


class RequestPage(Struct):
    """`next`: the address of the older ones, null if there are none."""

    results: list[RequestItem]
    next: str | None


@request_list.method(
    "GET",
    right="snapshots.see",
    query=RequestQuery,
    answers={200: RequestPage},
    summary="List requests for approval",
)
def list_requests(call: Call, query: RequestQuery) -> Answer:
    """Newest first, 50 at a time: `next` leads to the older ones."""
    rows, next_url = older_page(call, _visible(call), query.before, PAGE_SIZE)
    return Answer(RequestPage([_item(one) for one in rows], next_url))


@request.method("GET", right="snapshots.see", answers={200: RequestItem}, summary="One request for approval")
def read_request(call: Call, pk: UUID) -> Answer:
    """Until its state is no longer waiting nothing has been sent."""
    found = _visible(call).filter(pk=pk).first()
    if found is None:
        raise foreign_or_missing(call, ApprovalRequest.objects.all(), pk, "This request")
    return Answer(_item(found))


def _visible(call: Call) -> QuerySet[ApprovalRequest]:
    """Those that the key's person sees on pages, of the servers that the key reaches."""
    reached = reached_rows(call, "token_fingerprint", call.token.fingerprint)
    return queries.visible_to(call.person).filter(reached)


def _item(asked: ApprovalRequest) -> RequestItem:
    begun = queries.begun_of(asked)
    name = PAGES.get(type(begun))
    return RequestItem(
        id=str(asked.pk),
        url=reverse("api_request", args=[asked.pk]),
        kind=asked.kind,
        state=asked.state,
        code=asked.code,
        server=ServerName(asked.server_id, asked.server_name),
        snapshot=SnapshotName(asked.snapshot_id, asked.snapshot_name, time_text(asked.snapshot_created_at)),
        also_deletes=asked.also_deletes,
        reason=asked.reason,
        needed=asked.needed,
        created_at=time_text(asked.created_at),
        expires_at=time_text(asked.expires_at),
        ended_at=time_text(asked.ended_at),
        began=reverse(name, args=[begun.pk]) if begun and name else None,
    )
