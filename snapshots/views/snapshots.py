"""Create, restore, delete: a GET shows what will happen, a POST does it and leads to the operation's page."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from snapshots import contract
from snapshots.connection import own_token_or_404
from snapshots.contract import Snapshot
from snapshots.inventory.readings import Reading
from snapshots.inventory.servers import find_snapshot
from snapshots.operations import service
from snapshots.operations.confirmation import sign_confirmation
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.idempotency import BeingSentError
from snapshots.operations.models import Action, Operation
from snapshots.operations.reconciliation import read_and_reconcile
from snapshots.operations.server_views import ServerView, server_view_or_404
from snapshots.templatetags.portal import duration
from snapshots.vault.models import StoredToken
from snapshots.views.access import requires
from snapshots.views.actor import actor_of
from snapshots.views.cards import make_row, row_labels
from snapshots.views.forms.snapshots import ConfirmedForm, CreateForm, DeleteForm, RestoreForm
from snapshots.views.texts.readings import reading_words
from snapshots.views.texts.refusals import refusal_status, refusal_words

UNPROCESSABLE = 422
FIELDS_OF_CODES = {"bad_name": "name", "name_mismatch": "typed_name", "reason_missing": "reason"}


def propose_name(existing: set[str], now: datetime) -> str:
    """'before-change-2026-11-24', numbered if the server has one of that name."""
    base = f"before-change-{now:%Y-%m-%d}"
    number = 2
    name = base
    while name in existing:
        name, number = f"{base}-{number}", number + 1
    return name


def name_problem(name: str) -> str:
    """All that keeps a name from being used, or ''. The same rule as the one that counts, said in words."""
    if contract.is_valid_name(name):
        return ""
    if not name:
        return _("Give the snapshot a name.")
    problems = []
    if len(name) > contract.NAME_MAX_LENGTH:
        problems.append(_("This name is too long: %d characters are the most.") % contract.NAME_MAX_LENGTH)
    if any(letter.isspace() for letter in name):
        problems.append(_("A name has no spaces: use hyphens, as in before-update."))
    rest = "".join(letter for letter in name if not letter.isspace())[: contract.NAME_MAX_LENGTH]
    if rest and not contract.is_valid_name(rest):
        problems.append(_("Only the letters a to z, digits, hyphens and underscores can be used."))
    return " ".join(problems)


def _fail(form: ConfirmedForm, code: str) -> None:
    """Show a refusal beside the field that it is about, if there is one."""
    field = FIELDS_OF_CODES.get(code)
    if field in form.fields:
        words = refusal_words(code)
        problem = name_problem(form.value("name")) if code == "bad_name" else ""
        form.add_error(field, problem or str(words.advice or words.meaning))


def _act(form: ConfirmedForm, run: Callable[[], Operation]) -> tuple[HttpResponse | None, str]:
    """Do it if the form is complete: where to go then, or the code of what was wrong ('incomplete' for the form's own)."""
    if not form.is_valid():
        return None, "incomplete"
    try:
        operation = run()
    except OperationRefusedError as error:
        _fail(form, error.code)
        return None, error.code
    return redirect("operation_detail", pk=operation.pk), ""


def _frame(reading: Reading, code: str) -> dict[str, Any]:
    """What every confirmation page shows of the state of things."""
    return {
        "reading": reading,
        "trouble": reading_words(reading) if reading.is_stale else None,
        "refusal": refusal_words(code, reading.wait_until) if code and code != "incomplete" else None,
        "is_told_held": code == "server_held",
    }


def _settle(form: ConfirmedForm, view: ServerView, code: str) -> str:
    """Add what only the view can tell to what is wrong, so that all of it is said at once; the code that is left to say.

    The name is compared for the eye alone: operations.py asks the provider before it believes one.
    """
    typed = form.cleaned_data.get("typed_name", "").strip() if form.is_bound else ""
    if code == "incomplete" and typed and typed != view.name:
        _fail(form, "name_mismatch")
    if code == "server_held" and view.is_held and "override_reason" in form.fields:
        form.add_error(
            "override_reason",
            _("Nothing was sent. Say why it must be done now, or wait until the restore is over."),
        )
        return "incomplete"
    return code


def _status(code: str) -> int:
    if not code:
        return 200
    return UNPROCESSABLE if code == "incomplete" else refusal_status(code)


def _renew(form: ConfirmedForm, confirmation: str) -> ConfirmedForm:
    """The form once more, with what was typed, for what is shown now: a confirmation is good for one showing."""
    if form.is_bound:
        form.data = form.data.copy()  # type: ignore[attr-defined]
        form.data["confirmation"] = confirmation  # type: ignore[index]
    else:
        form.initial["confirmation"] = confirmation
    return form


@requires("snapshots.create", "GET", "HEAD", "POST")
def snapshot_create(request: HttpRequest, token_id: str, server_id: int) -> HttpResponse:
    token = own_token_or_404(request.user, token_id)
    actor = actor_of(request)
    form, code = CreateForm(asks_override=actor.may_override), ""
    if request.method == "POST":
        form = CreateForm(request.POST, asks_override=actor.may_override)
        answer, code = _act(
            form,
            lambda: service.create_snapshot(
                actor=actor,
                token=token,
                confirmation=form.value("confirmation"),
                name=form.value("name"),
                description=form.value("description"),
                reason=form.value("reason"),
                override_reason=form.value("override_reason"),
            ),
        )
        if answer:
            return answer
    view = server_view_or_404(token, server_id)
    form.initial["name"] = propose_name({one.name for one in view.snapshots}, timezone.now())
    _prepare_name(form, token, server_id)
    _finish(form, view, request, Action.CREATE, None, code)
    said = _settle(form, view, code)
    may_delete = request.user.has_perm("snapshots.delete")
    context = _frame(view.reading, said) | {
        "view": view,
        "form": form,
        "rows": [make_row(one, token.pk, may_restore=False, may_delete=may_delete) for one in view.snapshots],
        "labels": row_labels(),
        "may_delete": may_delete,
        "is_running": view.server is not None and view.server.is_running,
    }
    return render(request, "snapshots/snapshot_create.html", context, status=_status(code))


def _prepare_name(form: ConfirmedForm, token: StoredToken, server_id: int) -> None:
    form.fields["name"].widget.attrs |= {
        "autocomplete": "off",
        "autocapitalize": "none",
        "spellcheck": "false",
        "hx-get": reverse("snapshot_name_check", args=[token.pk, server_id]),
        "hx-trigger": "input changed delay:400ms",
        "hx-target": "#name-check",
        "hx-swap": "innerHTML",
        "aria-describedby": f"{form['name'].aria_describedby} name-check",
    }


def _finish(
    form: ConfirmedForm,
    view: ServerView,
    request: HttpRequest,
    action: Action,
    snapshot: Snapshot | None,
    code: str,
) -> None:
    """Bind the form to exactly what is about to be shown, and ask for an override only where one is needed.

    A form that is being sent already keeps what it carries: sent again, it leads to the first one's result.
    """
    if not view.is_held:
        form.fields.pop("override_reason", None)
    elif "override_reason" in form.fields:
        form.fields["override_reason"].required = True  # for the eye: without it operations.py refuses
    if code == BeingSentError.code:
        return
    confirmation = sign_confirmation(
        actor_id=int(request.user.pk or 0),
        action=action,
        token_id=view.token.pk,
        server_id=view.server_id,
        snapshot=snapshot,
    )
    _renew(form, confirmation)


@requires("snapshots.create", "GET", "HEAD")
def snapshot_name_check(request: HttpRequest, token_id: str, server_id: int) -> HttpResponse:
    """What is said beside the name while it is typed."""
    view = server_view_or_404(own_token_or_404(request.user, token_id), server_id)
    name = request.GET.get("name", "")
    context = {
        "problem": name_problem(name),
        "is_taken": any(one.name == name for one in view.snapshots),
    }
    return render(request, "snapshots/_name_check.html", context)


def _gone(request: HttpRequest, reading: Reading, code: str) -> HttpResponse:
    """There is no such snapshot to confirm (any more), or nothing was ever read."""
    is_gone = reading.is_known and reading.is_complete
    context = _frame(
        reading, code or ("snapshot_gone" if is_gone else "list_incomplete" if reading.is_known else "")
    )
    status = _status(code) if code else 404 if is_gone else 503
    return render(request, "snapshots/snapshot_gone.html", context, status=status)


def _confirm(
    request: HttpRequest, token: StoredToken, snapshot_id: int, form: ConfirmedForm, action: Action, code: str
) -> HttpResponse:
    """The page that says what will happen, for a restore or a delete."""
    reading = read_and_reconcile(token)
    snapshot = find_snapshot(reading, snapshot_id)
    if snapshot is None:
        return _gone(request, reading, code)
    view = server_view_or_404(token, snapshot.server.id)
    _finish(form, view, request, action, snapshot, code)
    said = _settle(form, view, code)
    context = _frame(reading, said) | {
        "view": view,
        "snapshot": snapshot,
        "form": form,
        "lost_time": duration(timezone.now() - snapshot.created_at) if snapshot.created_at else "",
        "is_held_for_me": view.is_held and "override_reason" not in form.fields,
        "is_last": view.used == 1 and reading.is_complete,
        "may_create_first": action == Action.RESTORE and request.user.has_perm("snapshots.create"),
        "low": contract.RESTORE_MINUTES[0],
        "high": contract.RESTORE_MINUTES[1],
    }
    verb = "restore" if action == Action.RESTORE else "delete"
    return render(request, f"snapshots/snapshot_{verb}.html", context, status=_status(code))


@requires("snapshots.restore", "GET", "HEAD", "POST")
def snapshot_restore(request: HttpRequest, token_id: str, snapshot_id: int) -> HttpResponse:
    token = own_token_or_404(request.user, token_id)
    actor = actor_of(request)
    form, code = RestoreForm(asks_override=actor.may_override), ""
    if request.method == "POST":
        form = RestoreForm(request.POST, asks_override=actor.may_override)
        answer, code = _act(
            form,
            lambda: service.restore_snapshot(
                actor=actor,
                token=token,
                confirmation=form.value("confirmation"),
                typed_name=form.value("typed_name"),
                reason=form.value("reason"),
                override_reason=form.value("override_reason"),
            ),
        )
        if answer:
            return answer
    return _confirm(request, token, snapshot_id, form, Action.RESTORE, code)


@requires("snapshots.delete", "GET", "HEAD", "POST")
def snapshot_delete(request: HttpRequest, token_id: str, snapshot_id: int) -> HttpResponse:
    token = own_token_or_404(request.user, token_id)
    actor = actor_of(request)
    form, code = DeleteForm(asks_override=actor.may_override), ""
    if request.method == "POST":
        form = DeleteForm(request.POST, asks_override=actor.may_override)
        answer, code = _act(
            form,
            lambda: service.delete_snapshot(
                actor=actor,
                token=token,
                confirmation=form.value("confirmation"),
                reason=form.value("reason"),
                override_reason=form.value("override_reason"),
            ),
        )
        if answer:
            return answer
    return _confirm(request, token, snapshot_id, form, Action.DELETE, code)
