"""How long a snapshot is kept: its protection, and its date."""

from collections.abc import Callable
from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from snapshots.approvals.asking import Begun, begin
from snapshots.approvals.models import ApprovalRequest
from snapshots.approvals.models import Kind as RequestKind
from snapshots.deletions import keeping
from snapshots.deletions.plans import waiting_of
from snapshots.operations.confirmation import sign_confirmation
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.guarded_models import PolicyAction
from snapshots.operations.models import Protection
from snapshots.operations.rights import DELETE, DELETE_OWN, may
from snapshots.operations.server_views import deletable_ids
from snapshots.views.access import raise_if_rights_changed, requires
from snapshots.views.actor import actor_of
from snapshots.views.approval_notes import needed_for
from snapshots.views.begun import begun_url
from snapshots.views.forms.deletions import KeepUntilForm, ProtectForm, UnprotectForm
from snapshots.views.marks import keep_url, names_of_people
from snapshots.views.owners import hand_over_url, shown_owner
from snapshots.views.refused_forms import put
from snapshots.views.shown_snapshot import Shown, shown_snapshot
from snapshots.views.texts.deletions import deletion_badge
from snapshots.views.texts.refusals import refusal_status, refusal_words

PERMISSION = DELETE
FIELDS_OF_CODES = {"bad_date": "until", "reason_missing": "reason"}


@requires(DELETE_OWN, "GET", "HEAD")
def snapshot_keeping(request: HttpRequest, token_id: str, snapshot_id: int) -> HttpResponse:
    shown = shown_snapshot(request, token_id, snapshot_id)
    return _page(request, shown) if isinstance(shown, Shown) else shown


@requires(PERMISSION, "POST", page="snapshot_keeping")
def snapshot_protect(request: HttpRequest, token_id: str, snapshot_id: int) -> HttpResponse:
    def run(shown: Shown, form: ProtectForm) -> None:
        reason = form.cleaned_data["reason"]
        keeping.protect_snapshot(actor=actor_of(request), target=shown.target, reason=reason)

    return _submit(request, token_id, snapshot_id, ProtectForm(request.POST), run)


@requires(PERMISSION, "POST", page="snapshot_keeping", proof="form")
def snapshot_unprotect(request: HttpRequest, token_id: str, snapshot_id: int) -> HttpResponse:
    def run(shown: Shown, form: UnprotectForm) -> Begun | ApprovalRequest:
        token = shown.view.token
        return begin(RequestKind.UNPROTECT, actor=actor_of(request), token=token, **form.cleaned_data)

    return _submit(request, token_id, snapshot_id, UnprotectForm(request.POST), run)


@requires(DELETE_OWN, "POST", page="snapshot_keeping", proof="form")
def snapshot_keep_until(request: HttpRequest, token_id: str, snapshot_id: int) -> HttpResponse:
    def run(shown: Shown, form: KeepUntilForm) -> None:
        keeping.set_keep_until(actor=actor_of(request), target=shown.target, **form.cleaned_data)

    return _submit(request, token_id, snapshot_id, KeepUntilForm(request.POST), run)


def _submit(
    request: HttpRequest,
    token_id: str,
    snapshot_id: int,
    form: Form,
    run: Callable[[Shown, Any], Begun | ApprovalRequest],
) -> HttpResponse:
    """Run it and show the page again; a refusal is shown at its field, if it has one."""
    shown = shown_snapshot(request, token_id, snapshot_id)
    if not isinstance(shown, Shown):
        return shown
    if not form.is_valid():
        return _page(request, shown, form)
    try:
        begun = run(shown, form)
    except OperationRefusedError as error:
        raise_if_rights_changed(request, error, PERMISSION)
        return _page(request, shown, form, error.code)
    if isinstance(begun, ApprovalRequest):
        return redirect(begun_url(begun))
    return redirect("snapshot_keeping", token_id, snapshot_id)


def _show_at_field(form: Form | None, code: str) -> bool:
    """Whether the refusal belongs to a field of this form and is shown there."""
    field = FIELDS_OF_CODES.get(code, "")
    if form is None or field not in form.fields:
        return False
    words = refusal_words(code)
    form.add_error(field, str(words.advice or words.meaning))
    return True


def _status(form: Form | None, code: str) -> int:
    if code:
        return refusal_status(code)
    return 422 if form is not None and form.errors else 200


def _page(request: HttpRequest, shown: Shown, form: Form | None = None, code: str = "") -> HttpResponse:
    """`form` is the one that was sent, if any."""
    is_at_field = _show_at_field(form, code)
    row = Protection.objects.filter(**shown.target.ids).first()
    waiting = waiting_of(**shown.target.ids).first()
    names = names_of_people(one.person_id for one in (row, waiting) if one)
    view, snapshot = shown.view, shown.snapshot
    context = {
        "view": view,
        "snapshot": snapshot,
        "owner": shown_owner(view, snapshot),
        "may_protect": may(request.user, PERMISSION, view),
        "may_date": snapshot.id in deletable_ids(request.user, view),
        "hand_over_url": hand_over_url(request.user, view, snapshot),
        "protection": row,
        "protected_by": names.get(row.person_id, "") if row else "",
        "planned": waiting,
        "planned_by": names.get(waiting.person_id, "") if waiting else "",
        "planned_badge": deletion_badge(waiting) if waiting else None,
        "keep_url": keep_url(waiting, request.user) if waiting else "",
        "protect_form": form if isinstance(form, ProtectForm) else ProtectForm(),
        "unprotect_form": _unprotect_form(request, shown, form),
        "approvals_needed": needed_for([(shown.view.server_id, PolicyAction.UNPROTECT)]) if row else 0,
        "date_form": form if isinstance(form, KeepUntilForm) else KeepUntilForm(),
        "refusal": refusal_words(code) if code and not is_at_field else None,
    }
    return render(request, "deletions/snapshot_keeping.html", context, status=_status(form, code))


def _unprotect_form(request: HttpRequest, shown: Shown, form: Form | None) -> UnprotectForm:
    """With a new confirmation of what the page shows."""
    found = form if isinstance(form, UnprotectForm) else UnprotectForm()
    confirmation = sign_confirmation(
        actor_id=int(request.user.pk or 0),
        action=PolicyAction.UNPROTECT,
        token_id=shown.view.token.pk,
        server_id=shown.view.server_id,
        snapshot=shown.snapshot,
    )
    put(found, confirmation=confirmation)
    return found
