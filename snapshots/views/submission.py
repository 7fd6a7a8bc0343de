"""Submission of a create, restore or delete form: run the operation, or show the form again with its errors.

sent = submit(request, RestoreForm, service.restore_snapshot, token)      # GET: an empty form
sent.response                                 # the redirect after success; None if the page is to be rendered
sent.prepare_for(view, action, snapshot)         # sign a confirmation of what the page shows
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from snapshots.approvals.asking import Begun
from snapshots.approvals.models import ApprovalRequest
from snapshots.audit.journal import Actor
from snapshots.connection import Person
from snapshots.contract import Snapshot
from snapshots.inventory.names import looks_like
from snapshots.inventory.readings import Reading
from snapshots.operations.confirmation import sign_confirmation
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.idempotency import FORM_IN_PROGRESS
from snapshots.operations.models import Action
from snapshots.operations.ownership import check_may_delete
from snapshots.operations.rights import may
from snapshots.operations.server_views import ServerView
from snapshots.vault.models import StoredToken
from snapshots.views.actor import actor_of
from snapshots.views.begun import begun_url
from snapshots.views.errors import RightsChangedError
from snapshots.views.forms.snapshots import ConfirmedForm
from snapshots.views.refused_forms import INCOMPLETE, put, refuse_beside_field, status_of
from snapshots.views.running_jobs import RunningJob, running_jobs
from snapshots.views.texts.base import Words
from snapshots.views.texts.readings import reading_words
from snapshots.views.texts.refusals import refusal_words


@dataclass
class Submission:
    """`code` says why nothing was sent; '' if nothing was tried or the operation was sent."""

    request: HttpRequest
    form: ConfirmedForm
    actor: Actor
    code: str = ""
    retry_after_seconds: int = 0
    response: HttpResponse | None = None
    running: list[RunningJob] = field(default_factory=list)

    @property
    def status(self) -> int:
        return status_of(self.code)

    def prepare_for(self, view: ServerView, action: Action, snapshot: Snapshot | None = None) -> None:
        """Sign a confirmation of exactly what the page shows, and ask for an override only if the server is held.

        A form that another request is processing keeps its confirmation, so that sending it again returns that result.
        What the limits of the token do not allow is said before anything is typed.
        """
        if not self.code and not view.token.allows(action.permission):
            self.code = "token_limited"
        elif not self.code:
            self.code = _lacking_right(self.request.user, view, action, snapshot)
        if not view.is_held:
            self.form.fields.pop("override_reason", None)
        elif "override_reason" in self.form.fields:
            self.form.fields["override_reason"].required = True  # display only: the rule is in operations
        self.running = running_jobs(self.request, view.server_id)
        if self.code != FORM_IN_PROGRESS:
            self._sign(view, action, snapshot)
        self._complete_errors(view)

    def page_context(self, reading: Reading) -> dict[str, Any]:
        """Context that every confirmation page needs."""
        beside_field = self.code == "server_held" and "override_reason" in self.form.errors
        shows_refusal = self.code and self.code != INCOMPLETE and not beside_field
        return {
            "form": self.form,
            "running_jobs": self.running,
            "reading": reading,
            "trouble": reading_words(reading) if reading.is_stale else None,
            "refusal": _refusal(self, reading) if shows_refusal else None,
            "refusal_says_held": shows_refusal and self.code == "server_held",
        }

    def _sign(self, view: ServerView, action: Action, snapshot: Snapshot | None) -> None:
        """Each rendering gets a new confirmation; typed values stay."""
        confirmation = sign_confirmation(
            actor_id=int(self.actor.id or 0),
            action=action,
            token_id=view.token.pk,
            server_id=view.server_id,
            snapshot=snapshot,
            shown_jobs=[str(one.job.pk) for one in self.running if one.restores],
        )
        put(self.form, confirmation=confirmation)

    def _complete_errors(self, view: ServerView) -> None:
        """Add the errors that need the server view, so that the page shows all errors at once.

        The comparison of the name here is for display only: operations checks it against a live reading.
        """
        typed = self.form.cleaned_data.get("typed_name", "") if self.form.is_bound else ""
        if self.code == INCOMPLETE and typed and not looks_like(typed, view.name):
            refuse_beside_field(self.form, "name_mismatch")
        if self.code == "server_held" and "override_reason" in self.form.fields:
            self.form.add_error(
                "override_reason",
                _("Nothing was sent. Enter why it must be done now, or wait until the restore has ended."),
            )


def _lacking_right(user: Person, view: ServerView, action: Action, snapshot: Snapshot | None) -> str:
    """The code of why the person may not do it; '' if the person may."""
    if action == Action.DELETE and snapshot is not None:
        try:
            check_may_delete(user, view.server_id, view.owners.get(snapshot.id))
        except OperationRefusedError as error:
            return error.code
        return ""
    return "" if may(user, action.permission, view) else "not_on_this_server"


def _refusal(sent: Submission, reading: Reading) -> Words:
    return refusal_words(
        sent.code, retry_after_seconds=sent.retry_after_seconds, wait_until=reading.wait_until
    )


def submit(
    request: HttpRequest,
    form_class: type[ConfirmedForm],
    run: Callable[..., Begun | ApprovalRequest],
    token: StoredToken,
) -> Submission:
    """Run the operation if the form was sent and is valid. A refusal is shown at its field, if it has one."""
    actor = actor_of(request)
    if request.method != "POST":
        return Submission(request, form_class(asks_override=actor.may_override), actor)
    form = form_class(request.POST, asks_override=actor.may_override)
    if not form.is_valid():
        return Submission(request, form, actor, INCOMPLETE)
    try:
        begun = run(actor=actor, token=token, **form.arguments())
    except OperationRefusedError as error:
        if (
            error.code == "not_allowed_any_more"
        ):  # logged already; the page shows what this person may not see
            raise RightsChangedError(error.code) from error
        refuse_beside_field(form, error.code)
        return Submission(request, form, actor, error.code, error.retry_after_seconds)
    return Submission(request, form, actor, response=redirect(begun_url(begun)))
