"""Going back to a restore point: each of its servers is restored, by default after a snapshot of its present state."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from snapshots import contract
from snapshots.approvals.asking import begin
from snapshots.approvals.models import Kind as RequestKind
from snapshots.connection import Person
from snapshots.contract import Snapshot
from snapshots.inventory.clocks import clocks_differ
from snapshots.jobs import batch_plans
from snapshots.jobs.batch_checks import check_restore
from snapshots.jobs.models import Kind
from snapshots.jobs.outcomes import Result
from snapshots.jobs.points import RestorePoint, still_exists
from snapshots.jobs.room import Need, needs_in
from snapshots.jobs.selections import Item, Selection, item_of
from snapshots.operations.approval import Approval
from snapshots.operations.models import Action
from snapshots.operations.rights import may
from snapshots.operations.server_views import ServerView
from snapshots.templatetags.portal import with_names
from snapshots.views.access import requires
from snapshots.views.approval_notes import needed_for_batch
from snapshots.views.batch_forms import Retry, point_or_404, posted, retry_in, selection_for, send
from snapshots.views.forms.batches import RestoreManyForm
from snapshots.views.picks import Found, Lists, Wanted, obstacle, read_lists
from snapshots.views.room import room_choices
from snapshots.views.rows import lost_time
from snapshots.views.texts.batches import GONE, NOT_KNOWN, why_not

Choice = tuple[str, Any]


@dataclass(frozen=True, kw_only=True)
class Line:
    """One server. `why`: why it cannot go back; '' if it can. `lost`: the period whose changes are lost, '' if not known."""

    server_id: int
    server_name: str
    why: str
    view: ServerView | None = None
    snapshot: Snapshot | None = None
    item: Item | None = None
    lost: str = ""
    clocks_differ: bool = False


@requires("snapshots.restore", "GET", "HEAD", "POST", proof="form")
def restore_point_restore(request: HttpRequest, pk: UUID) -> HttpResponse:
    point = point_or_404(request, pk)
    retry = retry_in(request, Kind.RESTORE_MANY)
    if retry and retry.first.point_id != point.first.pk:
        raise Http404("a job of another restore point")
    members = _members(point, retry)
    lists = read_lists(request.user, [Wanted(one.step.server_id) for one in members])
    selection, lines = _lines(request, point, members, lists, retry)
    possible = [line for line in lines if not line.why]
    form = RestoreManyForm(posted(request), choices=_choices(request, possible))
    sent = send(request, form, partial(begin, RequestKind.RESTORE_MANY, point=point.first))
    if sent.response:
        return sent.response
    sent.sign(replace(selection, items=tuple(line.item for line in possible if line.item)))
    fields = form.choice_fields
    context = sent.context | {
        "point": point.first,
        "possible": [(line, fields[line.server_id]) for line in possible],
        "impossible": [line for line in lines if line.why],
        "is_retry": retry is not None,
        "approvals_needed": needed_for_batch(Action.RESTORE, [line.view for line in possible if line.view]),
        "low": contract.RESTORE_MINUTES[0],
        "high": contract.RESTORE_MINUTES[1],
    }
    return render(request, "batches/restore_point_restore.html", context, status=sent.status)


def _members(point: RestorePoint, retry: Retry | None) -> list[Result]:
    if retry is None:
        return list(point.members)
    again = {one.step.server_id for one in retry.items}
    return [one for one in point.members if one.step.server_id in again]


def _lines(
    request: HttpRequest, point: RestorePoint, members: list[Result], lists: Lists, retry: Retry | None
) -> tuple[Selection, list[Line]]:
    """The selection of what is found, and a line for each server of the point."""
    found = {one.step.server_id: _find(one, lists) for one in members if one in point.made}
    items = {key: item_of(one.view, one.snapshot) for key, one in found.items() if one}
    selection = selection_for(
        request,
        Kind.RESTORE_MANY,
        items=list(items.values()),
        point_id=str(point.first.pk),
        retry_of=str(retry.last.pk) if retry else "",
    )
    lines = []
    for member in members:
        key = member.step.server_id
        there = found.get(key)
        if there and there.snapshot:
            lines.append(_line(request.user, selection, items[key], there.view, there.snapshot))
        else:
            why = _why_not_found(member, lists) if key in found else _("No snapshot of it is known to exist")
            lines.append(Line(server_id=key, server_name=member.step.server_name, why=str(why)))
    return selection, lines


def _find(member: Result, lists: Lists) -> Found | None:
    found = lists.snapshot(Wanted(member.snapshot_id or 0))
    return found if found and found.view.server_id == member.step.server_id else None


def _why_not_found(member: Result, lists: Lists) -> object:
    return GONE.text if still_exists(member, lists.by_fingerprint) is False else NOT_KNOWN.text


def _line(user: Person, selection: Selection, item: Item, view: ServerView, snapshot: Snapshot) -> Line:
    return Line(
        server_id=view.server_id,
        server_name=view.name,
        why=why_not(
            obstacle(
                user,
                Action.RESTORE,
                view,
                partial(check_restore, selection, item, view, Approval.to_ask_for()),
            )
        ),
        view=view,
        snapshot=snapshot,
        item=item,
        lost=lost_time(view, snapshot),
        clocks_differ=clocks_differ(view.reading),
    )


def _choices(request: HttpRequest, lines: list[Line]) -> dict[int, tuple[Any, list[Choice], str]]:
    """For each server: the question, the answers, and the answer that is chosen at first."""
    question = _("What happens first on %(server)s?")
    needs = needs_in([line.view for line in lines if line.view and line.view.is_full])
    return {
        line.server_id: (
            with_names(question, server=line.server_name),
            *_answers(request, line.view, line.snapshot, needs),
        )
        for line in lines
        if line.view and line.snapshot
    }


def _answers(
    request: HttpRequest, view: ServerView, needed: Snapshot, needs: Mapping[int, Need]
) -> tuple[list[Choice], str]:
    """Where a snapshot of the present state can be taken for nothing, that is chosen; else the person chooses."""
    others: list[Choice] = [
        (batch_plans.WITHOUT, _("Nothing: it is restored at once, and there is no way back")),
        (batch_plans.SKIP, _("This server is left as it is")),
    ]
    if not may(request.user, Action.CREATE.permission, view) or not view.reading.is_complete:
        return others, ""
    if not view.is_full:
        return [(batch_plans.TAKE, _("A snapshot of its present state is taken")), *others], batch_plans.TAKE
    if not may(request.user, Action.DELETE.permission, view):
        return others, ""
    return [*_room_answers(request.user, view, needed, needs), *others], ""


def _room_answers(
    user: Person, view: ServerView, needed: Snapshot, needs: Mapping[int, Need]
) -> list[Choice]:
    sentence = escape(_("Deleted for good, so that one of the present state can be taken: %(snapshot)s"))
    return [
        (one.key, SafeString(sentence % {"snapshot": one.label}))
        for one in room_choices(view, user, needs, needed)
    ]
