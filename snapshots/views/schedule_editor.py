"""The form of a schedule, new or changed: it is saved only after the preview of exactly what it says was shown (promise 35)."""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from snapshots.approvals.asking import Begun, begin
from snapshots.approvals.models import ApprovalRequest, Kind
from snapshots.connection import own_tokens
from snapshots.inventory.readings import Reading
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.reconciliation import read_and_reconcile_all
from snapshots.operations.server_views import ServerView, server_views
from snapshots.schedules.definition import Definition, definition_of, sign_preview, was_previewed
from snapshots.schedules.models import Schedule
from snapshots.schedules.service import MANAGE
from snapshots.schedules.visibility import can_go_on_with, visible_to
from snapshots.templatetags.portal import with_names
from snapshots.vault.models import StoredToken
from snapshots.views.access import requires
from snapshots.views.actor import actor_of
from snapshots.views.approval_notes import approvals_to_define
from snapshots.views.begun import begun_url
from snapshots.views.forms.schedule_values import ALL, ServerChoice, TokenChoice, server_value, values_of
from snapshots.views.forms.schedules import ScheduleForm
from snapshots.views.refused_forms import UNPROCESSABLE, put
from snapshots.views.schedule_lines import schedule_lines
from snapshots.views.schedule_preview import ShownPreview, list_trouble, make_preview, name_example
from snapshots.views.schedules import say_refusal, visible_or_404
from snapshots.views.texts.refusals import refusal_status, refusal_words
from snapshots.views.texts.schedules import keep_words


@dataclass
class Editor:
    """One request for the form. `schedule` is the one that is changed, None for a new one."""

    request: HttpRequest
    readings: Sequence[tuple[StoredToken, Reading]]
    schedule: Schedule | None = None
    initial: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.views = {token.pk: server_views(token, reading) for token, reading in self.readings}
        self.form = ScheduleForm(
            self.request.POST if self.request.method == "POST" else None,
            tokens=[self.choice_of(token) for token, _reading in self.readings],
            initial={"servers": []} | self.initial,
        )

    def choice_of(self, token: StoredToken) -> TokenChoice:
        """The servers that the token shows, and those of the changed schedule that it does not show any more."""
        listed = [
            ServerChoice(server_value(token.pk, view.server_id), view.name, view.server_id)
            for view in self.views[token.pk]
            if not view.is_gone
        ]
        known = {one.server_id for one in listed}
        stored = self.schedule.servers.exclude(server_id__in=known) if self.schedule else ()
        gone = [
            ServerChoice(
                server_value(token.pk, one.server_id), one.server_name, one.server_id, is_listed=False
            )
            for one in stored
        ]
        return TokenChoice(token.pk, token.label, (*listed, *gone))

    @property
    def token(self) -> StoredToken:
        """The chosen one. Only for a valid form."""
        choice = self.form.token_choice
        assert choice is not None
        return next(token for token, _reading in self.readings if token.pk == choice.token_id)

    @property
    def reading(self) -> Reading:
        return next(reading for token, reading in self.readings if token.pk == self.token.pk)

    @property
    def chosen_views(self) -> list[ServerView]:
        return self.views[self.token.pk]

    @property
    def person_id(self) -> int:
        return int(self.request.user.pk or 0)

    def is_confirmed(self) -> bool:
        """Whether it is to be saved, and this person was shown the preview of exactly this."""
        return "save" in self.request.POST and was_previewed(
            self.form.cleaned_data.get("preview", ""),
            self.form.definition,
            token_id=self.token.pk,
            person_id=self.person_id,
        )

    @property
    def is_outdated(self) -> bool:
        """Whether somebody else has changed the schedule since the form was opened."""
        return self.schedule is not None and self.seen != self.schedule.changed_at

    @property
    def seen(self) -> datetime | None:
        try:
            return parse_datetime(self.form.cleaned_data.get("seen", ""))
        except ValueError:  # well formed, but no such day
            return None

    def preview(self) -> ShownPreview:
        """Shown and, if it shows all that can be known, signed."""
        shown = make_preview(self.form.definition, self.chosen_views, self.reading, self.schedule)
        proof = sign_preview(self.form.definition, token_id=self.token.pk, person_id=self.person_id)
        put(self.form, preview=proof if shown.can_be_saved else "")
        return shown


def _answer(editor: Editor, save: Callable[[Editor], Begun | ApprovalRequest]) -> HttpResponse:
    """Save what was previewed, or show the form with the preview of what it says. `save` returns None if it may not yet."""
    if editor.request.method != "POST":
        return _page(editor)
    if not editor.form.is_valid():
        return _page(editor, status=UNPROCESSABLE)
    if not editor.is_confirmed():
        return _page(editor, "schedule_changed" if editor.is_outdated else "")
    try:
        saved = save(editor)
    except OperationRefusedError as error:
        return _refused(editor, error)
    if saved is None:
        return _page(editor)
    if isinstance(saved, Schedule):
        messages.success(editor.request, with_names(_("The schedule %(name)s is saved."), name=saved.name))
    return redirect(begun_url(saved))


def _refused(editor: Editor, error: OperationRefusedError) -> HttpResponse:
    if error.code in {"schedule_gone", "not_allowed_any_more"}:
        say_refusal(editor.request, error, MANAGE)
        return redirect("schedule_list")
    if editor.form.refuse(error.code):
        return _page(editor, status=UNPROCESSABLE)
    if editor.schedule is not None:
        editor.schedule.refresh_from_db()
    return _page(editor, error.code)


def _page(editor: Editor, code: str = "", status: int = 200) -> HttpResponse:
    form, schedule = editor.form, editor.schedule
    is_valid = form.is_bound and not form.errors
    context: dict[str, Any] = {
        "form": form,
        "schedule": schedule,
        "preview": editor.preview() if is_valid else None,
        "approvals_needed": approvals_to_define(schedule, form.definition, editor.token) if is_valid else 0,
        "example": name_example(form),
        "refusal": refusal_words(code) if code else None,
        "troubles": [
            (token.label, text) for token, reading in editor.readings if (text := list_trouble(reading))
        ],
    }
    if schedule is not None:
        put(form, seen=schedule.changed_at.isoformat())
        context["is_own"] = schedule.owner_id == editor.person_id
        if code == "schedule_changed":
            (context["newest"],) = schedule_lines(editor.request.user, [schedule])
            context["newest_keep"] = keep_words(schedule.keep)
    else:
        context["saved_before"] = _renew_key(editor)
    return render(
        editor.request,
        "schedules/schedule_form.html",
        context,
        status=refusal_status(code) if code else status,
    )


def _renew_key(editor: Editor) -> Schedule | None:
    """A form that has made a schedule already gets a new key, and names that schedule if the person may see it."""
    key = editor.form.cleaned_data.get("form_key", "") if editor.form.is_bound else ""
    if key and not Schedule.objects.filter(form_key=key).exists():
        return None
    put(editor.form, form_key=secrets.token_urlsafe(24))
    return visible_to(editor.request.user).filter(form_key=key).first() if key else None


@requires(MANAGE, "GET", "HEAD", "POST")
def schedule_add(request: HttpRequest) -> HttpResponse:
    tokens = own_tokens(request.user)
    if not tokens:
        return render(request, "servers/no_token.html")
    editor = Editor(request, read_and_reconcile_all(tokens))
    if request.method != "POST":
        editor.form.initial.update(_suggested(request, editor))
    return _answer(editor, _create)


def _create(editor: Editor) -> Begun | ApprovalRequest:
    """None for the form of a schedule that was saved before and says something else now: that is another schedule."""
    key, definition = editor.form.cleaned_data.get("form_key", ""), editor.form.definition
    earlier = Schedule.objects.filter(form_key=key).first()
    if not key or (earlier and (earlier.removed_at or not _says_the_same(earlier, definition))):
        return None
    return begin(
        Kind.CREATE_SCHEDULE,
        actor=actor_of(editor.request),
        confirmation=key,
        token=editor.token,
        definition=definition,
        preview=editor.form.cleaned_data["preview"],
    )


def _says_the_same(earlier: Schedule, definition: Definition) -> bool:
    stored = definition_of(earlier)
    is_same = stored.digest("") == definition.digest("")
    return is_same and stored.description == definition.description


def _suggested(request: HttpRequest, editor: Editor) -> dict[str, Any]:
    """From the address: the server that the person came from, or the schedule that the new one is to be like."""
    try:
        like = UUID(request.GET.get("like", ""))
    except ValueError:
        return _for_server(request.GET.get("server", ""), editor)
    model = visible_to(request.user).filter(pk=like).first()
    return _like(model, editor) if model else {}


def _for_server(value: str, editor: Editor) -> dict[str, Any]:
    for token_id, views in editor.views.items():
        for view in views:
            if server_value(token_id, view.server_id) == value:
                return {"servers": [value], "name": view.name[:80]}
    return {}


def _like(model: Schedule, editor: Editor) -> dict[str, Any]:
    """Its values, with those of its servers that one of the person's tokens shows."""
    wanted = set(model.servers.values_list("server_id", flat=True))
    for choice in (editor.choice_of(token) for token, _reading in editor.readings):
        found = [one.value for one in choice.servers if one.server_id in wanted]
        if found or model.covers_all:
            return values_of(model) | {"servers": [choice.all_value] if model.covers_all else found}
    return values_of(model)


def _token_for(request: HttpRequest, schedule: Schedule) -> StoredToken | None:
    """The person's token with which the schedule can go on: its own one, the same one, or one that shows its servers."""
    able = [one for one in own_tokens(request.user) if can_go_on_with(schedule, one)]
    same = (schedule.token_id, schedule.token_fingerprint)
    return max(able, key=lambda one: (one.pk == same[0], one.fingerprint == same[1]), default=None)


@requires(MANAGE, "GET", "HEAD", "POST", proof="form")
def schedule_change(request: HttpRequest, pk: UUID) -> HttpResponse:
    """From then on it runs in the name, and with the stored token, of whoever saves."""
    schedule = visible_or_404(request, pk)
    token = _token_for(request, schedule)
    if token is None:
        refusal = refusal_words("other_token")
        return render(
            request, "schedules/schedule_other_token.html", {"schedule": schedule, "refusal": refusal}
        )
    choices = (
        [server_value(token.pk, ALL)]
        if schedule.covers_all
        else [
            server_value(token.pk, number) for number in schedule.servers.values_list("server_id", flat=True)
        ]
    )
    initial = values_of(schedule) | {"servers": choices}
    return _answer(Editor(request, read_and_reconcile_all([token]), schedule, initial), _change)


def _change(editor: Editor) -> Begun | ApprovalRequest:
    """The proof of the preview, which no other rendering has, is the one-time key."""
    assert editor.schedule is not None
    seen = editor.seen
    if seen is None:
        raise OperationRefusedError("schedule_changed")
    proof = editor.form.cleaned_data["preview"]
    return begin(
        Kind.CHANGE_SCHEDULE,
        actor=actor_of(editor.request),
        confirmation=hashlib.sha256(proof.encode()).hexdigest(),
        schedule_id=str(editor.schedule.pk),
        token=editor.token,
        definition=editor.form.definition,
        preview=proof,
        seen=seen.isoformat(),
    )
