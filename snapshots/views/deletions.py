"""Planned deletions: the list, the page of one, and what can be done with it before it is due."""

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from snapshots.deletions import keeping
from snapshots.deletions.models import PlannedDeletion, State
from snapshots.deletions.queries import visible_to
from snapshots.inventory.shown_servers import own_token_for
from snapshots.operations.attention import visible_to as visible_operations
from snapshots.operations.errors import OperationRefusedError
from snapshots.views.access import raise_if_rights_changed, requires
from snapshots.views.actor import actor_of
from snapshots.views.live_pages import live
from snapshots.views.marks import code_text, extend_url, keep_url, may_delete_planned, names_of_people
from snapshots.views.texts.base import Badge
from snapshots.views.texts.deletions import deletion_badge, deletion_words
from snapshots.views.texts.refusals import refusal_status, refusal_words

RECENT = 20
WAITING_MAX = 200


@dataclass(frozen=True)
class Line:
    """One planned deletion in the list. `person` is '' for an erased one."""

    planned: PlannedDeletion
    badge: Badge
    url: str
    keep_url: str
    person: str
    why: str


def _lines(request: HttpRequest, found: list[PlannedDeletion]) -> list[Line]:
    names = names_of_people(one.person_id for one in found)
    return [
        Line(
            planned=one,
            badge=deletion_badge(one),
            url=reverse("deletion_detail", args=[one.pk]),
            keep_url=keep_url(one, request.user),
            person=names.get(one.person_id, ""),
            why=str(code_text(one)),
        )
        for one in found
    ]


@live()
@requires("snapshots.see", "GET", "HEAD")
def deletion_list(request: HttpRequest) -> HttpResponse:
    seen = visible_to(request.user)
    ended = seen.exclude(state__in=[State.WAITING, State.REPLACED]).order_by("-ended_at")[:RECENT]
    context = {
        "waiting": _lines(request, list(seen.waiting().order_by("due_at")[:WAITING_MAX])),
        "ended": _lines(request, list(ended)),
    }
    return render(request, "deletions/deletion_list.html", context)


@live()
@requires("snapshots.see", "GET", "HEAD")
def deletion_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _page(request, get_object_or_404(visible_to(request.user), pk=pk))


@requires("snapshots.create", "POST", page="deletion_detail")
def deletion_keep(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Call it back."""
    planned = get_object_or_404(visible_to(request.user), pk=pk)
    try:
        keeping.keep(actor=actor_of(request), planned=planned)
    except OperationRefusedError as error:
        return _refused(request, planned, error, "snapshots.create")
    return redirect("deletion_detail", pk=planned.pk)


@requires("snapshots.delete_own", "POST", page="deletion_detail")
def deletion_extend(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Move a date on, and go to the page of the new one."""
    planned = get_object_or_404(visible_to(request.user), pk=pk)
    try:
        longer = keeping.extend(actor=actor_of(request), planned=planned)
    except OperationRefusedError as error:
        return _refused(request, planned, error, "snapshots.delete_own")
    return redirect("deletion_detail", pk=longer.pk)


def _refused(
    request: HttpRequest, planned: PlannedDeletion, error: OperationRefusedError, permission: str
) -> HttpResponse:
    raise_if_rights_changed(request, error, permission)
    planned.refresh_from_db()
    return _page(request, planned, error.code)


def _page(request: HttpRequest, planned: PlannedDeletion, code: str = "") -> HttpResponse:
    names = names_of_people(pk for pk in (planned.person_id, planned.ended_by_id) if pk)
    may_delete = may_delete_planned(request.user, planned)
    context = {
        "planned": planned,
        "badge": deletion_badge(planned),
        "words": deletion_words(planned),
        "why": code_text(planned),
        "person": names.get(planned.person_id, ""),
        "ended_by": names.get(planned.ended_by_id or 0, ""),
        "keep_url": keep_url(planned, request.user),
        "extend_url": extend_url(planned, request.user),
        "extend_days": keeping.EXTEND_DAYS,
        "refusal": refusal_words(code) if code else None,
    } | _links(request, planned, may_delete=may_delete)
    status = refusal_status(code) if code else 200
    return render(request, "deletions/deletion_detail.html", context, status=status)


def _links(request: HttpRequest, planned: PlannedDeletion, *, may_delete: bool) -> dict[str, str]:
    """URLs with a token of the person's own that shows the server, and of its operation; '' without."""
    own = own_token_for(request.user.pk, planned.server_id, fingerprint=planned.token_fingerprint)
    operations = visible_operations(request.user)
    operation = operations.filter(pk=planned.operation_id).first() if planned.operation_id else None
    can_delete = own is not None and own.allows("snapshots.delete") and planned.is_waiting and may_delete
    return {
        "server_url": reverse("server_detail", args=[own.pk, planned.server_id]) if own else "",
        "delete_url": reverse("snapshot_delete", args=[own.pk, planned.snapshot_id])
        if own and can_delete
        else "",
        "operation_url": reverse("operation_detail", args=[operation.pk]) if operation else "",
    }
