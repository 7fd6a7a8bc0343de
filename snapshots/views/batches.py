"""Create on many servers, delete many snapshots: one page states all consequences, one confirmation begins all of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.safestring import SafeString

from snapshots.approvals.asking import begin
from snapshots.approvals.models import Kind as RequestKind
from snapshots.deletions.grace import grace_days
from snapshots.deletions.queries import waiting_in
from snapshots.inventory.clocks import clocks_differ
from snapshots.inventory.names import free_name, visible_name
from snapshots.jobs.batch_checks import check_create, check_delete
from snapshots.jobs.batch_plans import ACTIONS
from snapshots.jobs.models import Kind
from snapshots.jobs.selections import MAX_ITEMS, Item, Selection, item_of
from snapshots.jobs.undo import ways_back
from snapshots.operations.approval import Approval
from snapshots.operations.models import Action, Operation
from snapshots.operations.server_views import ServerView
from snapshots.templatetags.portal import moment
from snapshots.views.access import requires
from snapshots.views.approval_notes import needed_for_batch
from snapshots.views.batch_forms import Retry, Sent, posted, retry_in, selection_for, send
from snapshots.views.forms.batches import CreateManyForm, DeleteManyForm
from snapshots.views.forms.deletions import days_text
from snapshots.views.marks import Planned, make_marks
from snapshots.views.picks import Found, Lists, Wanted, obstacle, read_lists, wanted_in
from snapshots.views.rows import Row, make_row
from snapshots.views.texts.batches import why_not
from snapshots.views.texts.refusals import refusal_words


@dataclass(frozen=True, kw_only=True)
class Line:
    """One item of a batch. `why`: why it cannot be done now; '' if it can. `due_at`: when a grace time of `grace` ends."""

    item: Item
    view: ServerView
    why: str
    row: Row | None = None
    grace: str = ""
    due_at: SafeString | str = ""

    @property
    def takes_last_place(self) -> bool:
        return self.view.used + 1 == self.view.limit


@dataclass(frozen=True)
class Chosen:
    """What is selected: by the URL itself, or by the job in it that is tried again."""

    wanted: Sequence[Wanted]
    lists: Lists
    found: Sequence[Found]
    selection: Selection

    @property
    def missing(self) -> list[Wanted]:
        there = {one.snapshot.id if one.snapshot else one.view.server_id for one in self.found}
        return [one for one in self.wanted if one.number not in there]


@requires("snapshots.create", "GET", "HEAD", "POST")
def batch_create(request: HttpRequest) -> HttpResponse:
    retry = retry_in(request, Kind.CREATE_MANY)
    form = CreateManyForm(posted(request))
    if retry:
        form.fields["name"].disabled = True
        form.initial["name"] = retry.first.title
    sent = send(request, form, partial(begin, RequestKind.CREATE_MANY))
    if sent.response:
        return sent.response
    chosen = _choose(request, Kind.CREATE_MANY, retry)
    lines = [
        Line(
            item=item,
            view=one.view,
            why=why_not(obstacle(request.user, Action.CREATE, one.view, partial(check_create, one.view))),
        )
        for item, one in zip(chosen.selection.items, chosen.found, strict=True)
    ]
    form.initial.setdefault("name", propose_name(chosen.found))
    running = sum(not line.why and bool(line.view.server and line.view.server.is_running) for line in lines)
    return _page(request, "batches/batch_create.html", sent, chosen, lines, running=running)


@requires("snapshots.delete_own", "GET", "HEAD", "POST", proof="form")
def batch_delete(request: HttpRequest) -> HttpResponse:
    retry = retry_in(request, Kind.DELETE_MANY)
    sent = send(request, DeleteManyForm(posted(request)), partial(begin, RequestKind.DELETE_MANY))
    if sent.response:
        return sent.response
    chosen = _choose(request, Kind.DELETE_MANY, retry)
    planned = waiting_in(one.view for one in chosen.found)
    restores = ways_back(one.view for one in chosen.found)
    lines = [
        _delete_line(request, chosen.selection, item, one, planned, restores)
        for item, one in zip(chosen.selection.items, chosen.found, strict=True)
    ]
    return _page(request, "batches/batch_delete.html", sent, chosen, lines, emptied=_emptied(lines))


def _choose(request: HttpRequest, kind: Kind, retry: Retry | None) -> Chosen:
    """Too large a selection is not read."""
    by_server = kind == Kind.CREATE_MANY
    if retry:
        wanted = [Wanted(one.key or 0, name=one.step.server_name) for one in retry.items]
    else:
        wanted = wanted_in(request.GET.getlist("server" if by_server else "snapshot"))
    lists = read_lists(request.user, wanted) if len(wanted) <= MAX_ITEMS else Lists()
    found = [one for one in map(lists.server if by_server else lists.snapshot, wanted) if one]
    items = [item_of(one.view, one.snapshot) for one in found]
    retry_of = str(retry.last.pk) if retry else ""
    return Chosen(wanted, lists, found, selection_for(request, kind, items=items, retry_of=retry_of))


def _delete_line(
    request: HttpRequest,
    selection: Selection,
    item: Item,
    one: Found,
    planned: Planned,
    restores: Mapping[int, Operation],
) -> Line:
    assert one.snapshot is not None
    view, snapshot = one.view, one.snapshot
    days = grace_days(view.server_id)
    anybody = Approval.to_ask_for()
    marks = make_marks(snapshot, view, planned, request.user, restores)
    return Line(
        item=item,
        view=view,
        why=why_not(
            obstacle(request.user, Action.DELETE, view, partial(check_delete, selection, item, view, anybody))
        ),
        row=make_row(snapshot, view, may_restore=False, may_delete=False, marks=marks),
        grace=days_text(days) if days else "",
        due_at=moment(timezone.now() + timedelta(days=days)),
    )


def _emptied(lines: Sequence[Line]) -> list[str]:
    """The servers of which no snapshot would be left."""
    count = Counter(line.item.server_id for line in lines if not line.why)
    views = {line.item.server_id: line.view for line in lines}
    return [views[server_id].name for server_id, number in count.items() if number >= views[server_id].used]


def propose_name(found: Sequence[Found]) -> str:
    """'before-change-2026-11-24', numbered if a server has a snapshot of that name.

    Without the date if the provider's clock differs from ours.
    """
    existing = {visible_name(snapshot.name) for one in found for snapshot in one.view.snapshots}
    differ = any(clocks_differ(one.view.reading) for one in found)
    return free_name("before-change" if differ else f"before-change-{timezone.now():%Y-%m-%d}", existing)


def _page(
    request: HttpRequest, template: str, sent: Sent, chosen: Chosen, lines: list[Line], **more: Any
) -> HttpResponse:
    """Only what can be done is signed. Without anything there is no form."""
    possible = [line for line in lines if not line.why]
    sent.sign(replace(chosen.selection, items=tuple(line.item for line in possible)))
    context = sent.context | {
        "possible": possible,
        "impossible": [line for line in lines if line.why],
        "missing": chosen.missing if chosen.lists.readings else [],
        "shows_tokens": len(chosen.lists.readings) > 1,
        "is_retry": bool(chosen.selection.retry_of),
        "approvals_needed": needed_for_batch(
            ACTIONS[Kind(chosen.selection.kind)], [line.view for line in possible]
        ),
        **more,
    }
    if not sent.code and len(chosen.wanted) > MAX_ITEMS:
        context["refusal"] = refusal_words("too_many")
    elif not sent.code and not chosen.wanted:
        context["refusal"] = refusal_words("nothing_selected")
    return render(request, template, context, status=sent.status)
