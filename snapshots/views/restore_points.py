"""Restore points: the list, and the page of one with the state of each server."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString

from snapshots.connection import own_tokens
from snapshots.inventory.readings import Reading
from snapshots.jobs import service
from snapshots.jobs.models import Job
from snapshots.jobs.outcomes import Outcome, Result
from snapshots.jobs.points import RestorePoint, first_jobs, restore_points, still_exists
from snapshots.operations.models import Action
from snapshots.operations.reconciliation import read_and_reconcile_all
from snapshots.templatetags.portal import moment
from snapshots.views.access import requires
from snapshots.views.batch_forms import point_or_404
from snapshots.views.picks import Lists, Wanted, read_lists
from snapshots.views.texts.base import Badge
from snapshots.views.texts.batches import EXISTS, GONE, NOT_KNOWN, OUTCOME_BADGES
from snapshots.views.texts.jobs import JOB_BADGES

POINTS_PER_PAGE = 20
NAMES_SHOWN = 3


@dataclass(frozen=True)
class PointLine:
    """One restore point in the list. Of `made` snapshots `existing` are listed; of `unknown` of them that is not known."""

    first: Job
    url: str
    servers: Sequence[str]
    more: int
    made: int
    existing: int
    unknown: int


def _line(point: RestorePoint, readings: Mapping[str, Reading]) -> PointLine:
    names = [one.step.server_name for one in point.members]
    exist = [still_exists(one, readings) for one in point.made]
    return PointLine(
        first=point.first,
        url=reverse("restore_point_detail", args=[point.first.pk]),
        servers=names[:NAMES_SHOWN],
        more=max(0, len(names) - NAMES_SHOWN),
        made=len(exist),
        existing=exist.count(True),
        unknown=exist.count(None),
    )


@requires("snapshots.see", "GET", "HEAD")
def restore_point_list(request: HttpRequest) -> HttpResponse:
    seen = service.visible_to(request.user)
    page = Paginator(first_jobs(seen), POINTS_PER_PAGE).get_page(request.GET.get("page"))
    readings = {token.fingerprint: one for token, one in read_and_reconcile_all(own_tokens(request.user))}
    lines = [_line(point, readings) for point in restore_points(page, seen)]
    return render(request, "batches/restore_point_list.html", {"lines": lines, "page": page})


@dataclass(frozen=True, kw_only=True)
class MemberLine:
    """One server of a restore point. `url` leads to the server with the person's own token, '' without."""

    server_id: int
    server_name: str
    url: str
    result: Badge
    exists: Badge | None
    snapshot_id: int | None
    at: SafeString | str


def _member(member: Result, lists: Lists, *, is_made: bool) -> MemberLine:
    step, operation = member.step, member.operation
    server = lists.server(Wanted(step.server_id))
    exists = still_exists(member, lists.by_fingerprint) if is_made else None
    return MemberLine(
        server_id=step.server_id,
        server_name=step.server_name,
        url=reverse("server_detail", args=[server.view.token.pk, step.server_id]) if server else "",
        result=OUTCOME_BADGES[member.outcome],
        exists={True: EXISTS, False: GONE, None: NOT_KNOWN}[exists] if is_made else None,
        snapshot_id=member.snapshot_id,
        at=moment(operation.snapshot_created_at or operation.sent_at) if operation and is_made else "",
    )


@requires("snapshots.see", "GET", "HEAD")
def restore_point_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    point = point_or_404(request, pk)
    lists = read_lists(request.user, [Wanted(one.step.server_id) for one in point.members])
    members = [_member(one, lists, is_made=one in point.made) for one in point.members]
    may_restore = request.user.has_perm(Action.RESTORE.permission) and any(one.exists for one in members)
    restores = service.visible_to(request.user).filter(point=point.first).order_by("-created_at")
    context = {
        "point": point.first,
        "members": members,
        "made": len(point.made),
        "waiting": any(one.outcome in {Outcome.RUNNING, Outcome.UNKNOWN} for one in point.members),
        "jobs": [(job, JOB_BADGES[job.state]) for job in point.jobs],  # type: ignore[index]
        "restores": [(job, JOB_BADGES[job.state]) for job in restores],  # type: ignore[index]
        "restore_url": reverse("restore_point_restore", args=[point.first.pk]) if may_restore else "",
    }
    return render(request, "batches/restore_point_detail.html", context)
