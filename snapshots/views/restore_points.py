"""Restore points: the list, and the page of one with the state of each server."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString

from snapshots.connection import Person, own_tokens
from snapshots.deletions.queries import waiting_in
from snapshots.inventory.readings import Reading
from snapshots.jobs import service
from snapshots.jobs.models import Job
from snapshots.jobs.outcomes import Outcome, Result
from snapshots.jobs.points import RestorePoint, first_jobs, last_confirmed_at, restore_points, still_exists
from snapshots.operations.models import Action
from snapshots.operations.reconciliation import read_and_reconcile_all
from snapshots.operations.rights import may_anywhere
from snapshots.templatetags.portal import moment
from snapshots.views import polls
from snapshots.views.access import requires
from snapshots.views.batch_forms import point_or_404
from snapshots.views.live_pages import live
from snapshots.views.marks import Mark, Planned, make_marks
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
    confirmed_at: datetime | None
    """As of when it was known of the unknown ones; None if it never was."""


def _line(point: RestorePoint, readings: Mapping[str, Reading]) -> PointLine:
    names = [one.step.server_name for one in point.members]
    exist = [still_exists(one, readings) for one in point.made]
    times = [last_confirmed_at(one, readings) for one in point.made if still_exists(one, readings) is None]
    return PointLine(
        first=point.first,
        url=reverse("restore_point_detail", args=[point.first.pk]),
        servers=names[:NAMES_SHOWN],
        more=max(0, len(names) - NAMES_SHOWN),
        made=len(exist),
        existing=exist.count(True),
        unknown=exist.count(None),
        confirmed_at=min((at for at in times if at), default=None),
    )


@live()
@requires("snapshots.see", "GET", "HEAD")
def restore_point_list(request: HttpRequest) -> HttpResponse:
    seen = service.visible_to(request.user)
    page = Paginator(first_jobs(seen), POINTS_PER_PAGE).get_page(request.GET.get("page"))
    found = read_and_reconcile_all(own_tokens(request.user), max_age=polls.max_age(request))
    readings = {token.fingerprint: one for token, one in found}
    lines = [_line(point, readings) for point in restore_points(page, seen)]
    return render(request, "batches/restore_point_list.html", {"lines": lines, "page": page})


@dataclass(frozen=True, kw_only=True)
class MemberLine:
    """One server of a restore point. `url` leads to the server with the person's own token, '' without.

    `exists`: whether its snapshot does; None if that is not known. `existence` says so; None if it has no snapshot.
    """

    server_id: int
    server_name: str
    url: str
    result: Badge
    exists: bool | None
    existence: Badge | None
    confirmed_at: datetime | None
    """As of when it was known, where it is not known now."""
    marks: tuple[Mark, ...]
    snapshot_id: int | None
    at: SafeString | str


def _member(member: Result, lists: Lists, *, is_made: bool, planned: Planned, user: Person) -> MemberLine:
    step, operation = member.step, member.operation
    server = lists.server(Wanted(step.server_id))
    found = lists.snapshot(Wanted(member.snapshot_id or 0)) if is_made else None
    exists = still_exists(member, lists.by_fingerprint) if is_made else None
    is_unknown = is_made and exists is None
    return MemberLine(
        server_id=step.server_id,
        server_name=step.server_name,
        url=reverse("server_detail", args=[server.view.token.pk, step.server_id]) if server else "",
        result=OUTCOME_BADGES[member.outcome],
        exists=exists,
        existence={True: EXISTS, False: GONE, None: NOT_KNOWN}[exists] if is_made else None,
        confirmed_at=last_confirmed_at(member, lists.by_fingerprint) if is_unknown else None,
        marks=make_marks(found.snapshot, found.view, planned, user) if found and found.snapshot else (),
        snapshot_id=member.snapshot_id,
        at=moment(operation.snapshot_created_at or operation.sent_at) if operation and is_made else "",
    )


@live()
@requires("snapshots.see", "GET", "HEAD")
def restore_point_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    point = point_or_404(request, pk)
    wanted = [Wanted(one.step.server_id) for one in point.members]
    lists = read_lists(request.user, wanted, max_age=polls.max_age(request))
    planned = waiting_in(lists.views)
    made = point.made
    members = [
        _member(one, lists, is_made=one in made, planned=planned, user=request.user) for one in point.members
    ]
    may_restore = may_anywhere(request.user, Action.RESTORE.permission)
    may_exist = any(one.existence and one.exists is not False for one in members)
    restores = service.visible_to(request.user).filter(point=point.first).order_by("-created_at")
    context = {
        "point": point.first,
        "members": members,
        "made": len(made),
        "waiting": any(one.outcome in {Outcome.RUNNING, Outcome.UNKNOWN} for one in point.members),
        "jobs": [(job, JOB_BADGES[job.state]) for job in point.jobs],  # type: ignore[index]
        "restores": [(job, JOB_BADGES[job.state]) for job in restores],  # type: ignore[index]
        "shows_restore": may_restore and may_exist,
        "restore_url": reverse("restore_point_restore", args=[point.first.pk])
        if may_restore and any(one.exists for one in members)
        else "",
    }
    return render(request, "batches/restore_point_detail.html", context)
