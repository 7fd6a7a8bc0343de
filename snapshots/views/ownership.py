"""Hands snapshots over: one, or all that a person owns."""

import hashlib
from collections.abc import Sequence
from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from snapshots.connection import own_tokens
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.handover import Handover, hand_over, people_who_see
from snapshots.operations.protection import Target
from snapshots.operations.reconciliation import read_and_reconcile_all
from snapshots.operations.rights import DELETE_OWN
from snapshots.operations.server_views import deletable_ids, server_views
from snapshots.views.access import record_refusal, requires
from snapshots.views.actor import actor_of
from snapshots.views.forms.ownership import HandOverForm
from snapshots.views.owners import shown_owner
from snapshots.views.refused_forms import put, status_of
from snapshots.views.shown_snapshot import Shown, shown_snapshot
from snapshots.views.tried_forms import shown_refusal, try_form

MANAGE = "people.manage"
MAX_AGE_SECONDS = 60


@requires(DELETE_OWN, "GET", "HEAD", "POST", proof="form")
def snapshot_hand_over(request: HttpRequest, token_id: str, snapshot_id: int) -> HttpResponse:
    shown = shown_snapshot(request, token_id, snapshot_id)
    if not isinstance(shown, Shown):
        return shown
    view, snapshot = shown.view, shown.snapshot
    if snapshot.id not in deletable_ids(request.user, view):
        record_refusal(request, "not_own_snapshot")
        raise PermissionDenied("not_own_snapshot")
    given = [Handover(shown.target, view.owners.get(snapshot.id))]
    form, code = _try(request, given, DELETE_OWN)
    if request.method == "POST" and not code:
        return redirect("server_detail", token_id, view.server_id)
    context = {"view": view, "snapshot": snapshot, "owner": shown_owner(view, snapshot)}
    return _page(request, "ownership/snapshot_hand_over.html", form, code, **context)


@requires(MANAGE, "GET", "HEAD", "POST", proof="form")
def person_hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    """Those of a person's snapshots that the own tokens show, to somebody who sees all their servers."""
    person = get_object_or_404(get_user_model(), pk=pk)
    given = _snapshots_of(request, person)
    form, code = _try(request, given, MANAGE)
    if request.method == "POST" and not code:
        messages.success(request, _("The snapshots have a new owner."))
        return redirect("person_edit", pk)
    targets = [one.target for one in given]
    return _page(request, "ownership/person_hand_over.html", form, code, person=person, targets=targets)


def _snapshots_of(request: HttpRequest, person: AbstractBaseUser) -> list[Handover]:
    """By server, newest first; each once, however many tokens show it."""
    found: dict[tuple[int, int], Handover] = {}
    for token, reading in read_and_reconcile_all(own_tokens(request.user), max_age=MAX_AGE_SECONDS):
        for view in server_views(token, reading):
            deletable = deletable_ids(request.user, view)
            for one in view.snapshots:
                if one.id in deletable and view.owners.get(one.id) == person.pk:
                    given = Handover(Target(token, view.name, one), person.pk)
                    found.setdefault((view.server_id, one.id), given)
    return list(found.values())


def _try(request: HttpRequest, given: Sequence[Handover], permission: str) -> tuple[HandOverForm, str]:
    """The form, and why nothing was done, '' if it was done or nothing was tried."""
    form = HandOverForm(request.POST if request.method == "POST" else None)
    form.offer(_receivers(given))
    code = ""
    if request.method == "POST":
        run = partial(_run, request, given, form)
        code = try_form(request, form, permission, run)
    put(form, seen=_digest(given))
    return form, code


def _run(request: HttpRequest, given: Sequence[Handover], form: HandOverForm) -> None:
    """Raises OperationRefusedError."""
    words: dict[str, Any] = form.cleaned_data
    if not given or words["seen"] != _digest(given):
        raise OperationRefusedError("owner_changed")
    actor = actor_of(request)
    hand_over(actor=actor, given=given, receiver_id=words["receiver"], reason=words["reason"])


def _receivers(given: Sequence[Handover]) -> dict[int, str]:
    """Those who see all the servers, but for whoever owns the snapshots already."""
    seen_by = [
        {int(one.pk or 0): str(one) for one in people_who_see(server_id)}
        for server_id in {one.target.ids["server_id"] for one in given}
    ]
    owners = {one.owner_id for one in given}
    everybody = seen_by[0].items() if seen_by else ()
    return {
        pk: name for pk, name in everybody if pk not in owners and all(pk in people for people in seen_by)
    }


def _digest(given: Sequence[Handover]) -> str:
    """Of what the page shows: which snapshots, and whose each is."""
    facts = [(*one.target.ids.values(), str(one.target.snapshot.created_at), one.owner_id) for one in given]
    return hashlib.sha256(repr(sorted(facts, key=repr)).encode()).hexdigest()


def _page(request: HttpRequest, template: str, form: HandOverForm, code: str, **context: Any) -> HttpResponse:
    context |= {
        "form": form,
        "has_receivers": len(form.fields["receiver"].choices) > 1,  # type: ignore[attr-defined]
        "refusal": shown_refusal(form, code),
    }
    return render(request, template, context, status=status_of(code))
