"""The steps in which a freeze or a policy is lifted on its page: asked for, agreed to, or called back."""

from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from django.conf import settings
from django.forms import Form
from django.http import HttpRequest

from snapshots.operations.guard import Lifting
from snapshots.operations.guarded_models import OnServers
from snapshots.views.actor import actor_of
from snapshots.views.forms.server_locks import AskToLiftForm
from snapshots.views.tried_forms import shown_refusal, try_form

FORMS: Final[dict[str, type[Form]]] = {"ask": AskToLiftForm, "agree": Form, "keep": Form}
"""Step → its form."""


@dataclass(frozen=True)
class Tried:
    """The step that was sent, '' if none was; `code`: why it was refused."""

    step: str
    form: Form
    code: str = ""

    @property
    def is_done(self) -> bool:
        return bool(self.step) and not self.code


def try_lifting(request: HttpRequest, lifting: Lifting[Any], permission: str, pk: int) -> Tried:
    step = request.POST.get("step", "")
    if step not in FORMS:
        return Tried("", AskToLiftForm())
    form = FORMS[step](request.POST)
    run = partial(getattr(lifting, step), actor=actor_of(request), pk=pk)
    return Tried(step, form, try_form(request, form, permission, lambda: run(**form.cleaned_data)))


def lifting_context(request: HttpRequest, tried: Tried, row: OnServers) -> dict[str, Any]:
    """For the page of one that holds."""
    return {
        "ask_form": tried.form if isinstance(tried.form, AskToLiftForm) else AskToLiftForm(),
        "is_mine": row.lift_person_id == request.user.pk,
        "refusal": shown_refusal(tried.form, tried.code),
        "delay_hours": settings.SNAPPORTAL_GUARD_DELAY_HOURS,
    }
