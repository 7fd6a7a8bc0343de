"""Jobs: work of several steps, of which the API begins a restore after a safety snapshot."""

from typing import Annotated, Final, Literal
from uuid import UUID

from msgspec import Meta, Struct

from snapshots.api.endpoints import reading, writes
from snapshots.api.endpoints.errors import ApiError
from snapshots.api.endpoints.http import Answer, Call, older_page
from snapshots.api.endpoints.items import JobItem, JobPage, job_items
from snapshots.api.endpoints.reach import foreign_or_missing, reached_rows
from snapshots.api.endpoints.resources import Resource
from snapshots.api.endpoints.shapes import Id, WaitingAnswer
from snapshots.api.endpoints.snapshots import default_reason
from snapshots.approvals.asking import begin
from snapshots.approvals.models import ApprovalRequest, Kind
from snapshots.inventory.servers import find_snapshot
from snapshots.jobs import service
from snapshots.jobs.models import Job, JobQuerySet, Step
from snapshots.jobs.room import NO_NEED, needs_in, room_key
from snapshots.operations.models import Action
from snapshots.operations.server_views import server_views

PAGE_SIZE: Final = 20

job_list = Resource("jobs/", "api_jobs")
job = Resource("jobs/<uuid:pk>/", "api_job")


class JobQuery(Struct):
    before: UUID | None = None


class JobBody(Struct):
    """`make_room`: the snapshot that is deleted first where the server is full."""

    kind: Literal["safe_restore"]
    snapshot_id: Id
    make_room: Id | None = None
    reason: Annotated[str, Meta(max_length=2000)] = ""


def visible(call: Call) -> JobQuerySet:
    """Those that the key's person sees on pages and that are about no other server than those that the key reaches."""
    others = Step.objects.exclude(reached_rows(call, "token_id", call.token.pk)).values("job_id")
    return service.visible_to(call.person).exclude(pk__in=others)


@job_list.method("GET", right="snapshots.see", query=JobQuery, answers={200: JobPage}, summary="List jobs")
def list_jobs(call: Call, query: JobQuery) -> Answer:
    """Newest first, 20 at a time: `next` leads to the older ones."""
    rows, next_url = older_page(call, visible(call), query.before, PAGE_SIZE)
    return Answer(JobPage(job_items(rows), next_url))


@job_list.method(
    "POST",
    right="snapshots.restore",
    body=JobBody,
    answers={202: (JobItem, WaitingAnswer)},
    summary="Restore after a safety snapshot",
)
def create_job(call: Call, body: JobBody) -> Answer:
    """Takes a snapshot of the present state, and then restores, so that there is a way back; needs the right to create too.

    Where a policy asks for the approval of other people the answer is its request, and the job begins when they have given it.
    """
    reason = call.reason(body.reason, is_required=True) or default_reason(call)
    call.check_right("snapshots.create")
    if body.make_room is not None:
        call.check_right("snapshots.delete")
    begun = service.job_for_key(call.operation_key) or _begin(call, body, reason)
    if isinstance(begun, ApprovalRequest):
        return writes.requested_answer(begun)
    (item,) = job_items([begun])
    return Answer(item, 202, {"Location": item.url})


def _begin(call: Call, body: JobBody, reason: str) -> Job | ApprovalRequest:
    earlier = ApprovalRequest.objects.filter(form_key=call.operation_key).first()
    if earlier is not None:
        return earlier
    found, server_name = reading.snapshot_or_404(call, body.snapshot_id, fresh=True)
    begun = begin(
        Kind.SAFE_RESTORE,
        api_key_id=call.key.pk,
        actor=call.actor,
        token=call.token,
        confirmation=writes.authorization(call, Action.RESTORE, found.server.id, found.id),
        typed_name=server_name,
        reason=reason,
        override_reason=call.override_reason,
        make_room=_room_key(call, found.server.id, body.make_room),
    )
    assert isinstance(begun, Job | ApprovalRequest)
    return begun


def _room_key(call: Call, server_id: int, snapshot_id: int | None) -> str:
    """What the form of a page would send for this choice; '' for none."""
    if snapshot_id is None:
        return ""
    listed = reading.read(call)
    snapshot = find_snapshot(listed, snapshot_id)
    if snapshot is None or snapshot.server.id != server_id:
        raise ApiError(404, "not_found", "The snapshot that shall make room does not exist on this server.")
    views = [one for one in server_views(call.token, listed) if one.server_id == server_id]
    return room_key(snapshot, needs_in(views).get(snapshot.id, NO_NEED))


@job.method("GET", right="snapshots.see", answers={200: JobItem}, summary="One job with its steps")
def read_job(call: Call, pk: UUID) -> Answer:
    """The worker goes on with it."""
    found = visible(call).filter(pk=pk).first()
    if found is None:
        raise foreign_or_missing(call, Job.objects.all(), pk, "This job")
    return Answer(job_items([found])[0])
