"""Sends the form of a batch, or shows it again with its errors; finds the job that is tried again, and restore points."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from snapshots.approvals.asking import Begun
from snapshots.approvals.models import ApprovalRequest
from snapshots.jobs import service
from snapshots.jobs.models import Job, Kind
from snapshots.jobs.outcomes import Result, chain_of, to_try_again
from snapshots.jobs.points import RestorePoint, first_jobs, restore_points
from snapshots.jobs.selections import Selection, new_selection, sign_selection
from snapshots.operations.errors import OperationRefusedError
from snapshots.views.actor import actor_of
from snapshots.views.begun import begun_url
from snapshots.views.errors import RightsChangedError
from snapshots.views.forms.batches import BatchForm
from snapshots.views.refused_forms import (
    FIELDS_OF_CODES,
    INCOMPLETE,
    put,
    refuse_beside_field,
    status_of,
)
from snapshots.views.texts.refusals import refusal_words


@dataclass(frozen=True)
class Retry:
    """The items that were not done, and the job that tried them last."""

    last: Job
    first: Job
    items: Sequence[Result]

    @property
    def retry_of(self) -> str:
        return str(self.last.pk)


def retry_in(request: HttpRequest, kind: Kind) -> Retry | None:
    """What the URL's `retry` asks to try again; None without it. Raises Http404."""
    text = request.GET.get("retry", "")
    if not text:
        return None
    try:
        pk = UUID(text)
    except ValueError:
        raise Http404("no such job") from None
    seen = service.visible_to(request.user)
    chain = chain_of(get_object_or_404(seen, pk=pk, kind=kind), seen)
    return Retry(chain[-1], chain[0], to_try_again(chain))


def point_or_404(request: HttpRequest, pk: UUID) -> RestorePoint:
    seen = service.visible_to(request.user)
    return restore_points([get_object_or_404(first_jobs(seen), pk=pk)], seen)[0]


@dataclass
class Sent:
    """`code` says why nothing was begun; '' if nothing was tried or it was begun (`response` leads to the job)."""

    form: BatchForm
    code: str = ""
    response: HttpResponse | None = None

    @property
    def status(self) -> int:
        return status_of(self.code)

    def sign(self, selection: Selection) -> None:
        """Each rendering gets a new confirmation of what it shows; typed values stay."""
        put(self.form, confirmation=sign_selection(selection))

    @property
    def context(self) -> dict[str, Any]:
        """A refusal is shown at its field, if it has one, else above the page."""
        beside_field = FIELDS_OF_CODES.get(self.code) in self.form.fields
        shows = self.code and self.code != INCOMPLETE and not beside_field
        return {"form": self.form, "refusal": refusal_words(self.code) if shows else None}


def send(request: HttpRequest, form: BatchForm, run: Callable[..., Begun | ApprovalRequest]) -> Sent:
    """Begin the batch if the form was sent and is valid."""
    if not form.is_bound:
        return Sent(form)
    if not form.is_valid():
        return Sent(form, INCOMPLETE)
    try:
        begun = run(actor=actor_of(request), **form.arguments())
    except OperationRefusedError as error:
        if error.code == "not_allowed_any_more":  # logged already
            raise RightsChangedError(error.code) from error
        refuse_beside_field(form, error.code)
        return Sent(form, error.code)
    return Sent(form, response=redirect(begun_url(begun)))


def posted(request: HttpRequest) -> Any:
    """The form's data; None if it was not sent."""
    return request.POST if request.method == "POST" else None


def selection_for(request: HttpRequest, kind: Kind, **more: Any) -> Selection:
    return new_selection(actor_id=int(request.user.pk or 0), kind=kind, **more)
