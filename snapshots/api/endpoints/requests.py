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
from snapshots.approvals.models import ApprovalRequest, RequestedItem
from snapshots.jobs.models import Job
from snapshots.operations.models import Operation
from snapshots.schedules.models import Schedule

PAGE_SIZE: Final = 50
PAGES: Final[dict[type, str]] = {Operation: "api_operation", Job: "api_job", Schedule: "api_schedule"}

request_list = Resource("requests/", "api_requests")
request = Resource("requests/<uuid:pk>/", "api_request")


class RequestQuery(Struct):
    before: UUID | None = None


class RequestedPart(Struct):
    """`server` null: all servers. `snapshot` null: none, or one that is created. `also_deletes`: what makes room first."""

    server: ServerName | None
    snapshot: SnapshotName | None
    also_deletes: str


class RequestItem(Struct):
    """`state` is waiting, approved, begun, void, denied, withdrawn or expired. `began`: the address of what it became.

    `server` and `snapshot` are null where it is about several: `parts` holds all that it is about.
    """

    id: str
    url: str
    kind: str
    state: str
    code: str
    title: str
    server: ServerName | None
    snapshot: SnapshotName | None
    also_deletes: str
    parts: list[RequestedPart]
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
    """Those that the key's person sees on pages and that are about no other server than those that the key reaches."""
    reached = reached_rows(call, "token_fingerprint", call.token.fingerprint)
    others = RequestedItem.objects.exclude(pk__in=RequestedItem.objects.filter(reached).values("pk"))
    return queries.visible_to(call.person).exclude(pk__in=others.values("request_id"))


def _part(item: RequestedItem) -> RequestedPart:
    snapshot = (item.snapshot_name, time_text(item.snapshot_created_at))
    return RequestedPart(
        server=None if item.server_id is None else ServerName(item.server_id, item.server_name),
        snapshot=None if item.snapshot_id is None else SnapshotName(item.snapshot_id, *snapshot),
        also_deletes=item.also_deletes,
    )


def _item(asked: ApprovalRequest) -> RequestItem:
    begun = queries.begun_of(asked)
    parts = [_part(one) for one in asked.items]
    only = parts[0] if len(parts) == 1 else RequestedPart(None, None, "")
    name = PAGES.get(type(begun))
    return RequestItem(
        id=str(asked.pk),
        url=reverse("api_request", args=[asked.pk]),
        kind=asked.kind,
        state=asked.state,
        code=asked.code,
        title=asked.title,
        server=only.server,
        snapshot=only.snapshot,
        also_deletes=only.also_deletes,
        parts=parts,
        reason=asked.reason,
        needed=asked.needed,
        created_at=time_text(asked.created_at),
        expires_at=time_text(asked.expires_at),
        ended_at=time_text(asked.ended_at),
        began=reverse(name, args=[begun.pk]) if begun and name else None,
    )
