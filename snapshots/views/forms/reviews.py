"""The forms of reviews: a mark, a signature and an answer."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from snapshots.reviews.answering import ANSWER_MAX_LENGTH
from snapshots.reviews.marking import NOTE_MAX_LENGTH
from snapshots.reviews.models import Verdict
from snapshots.reviews.signing import STATEMENT_MAX_LENGTH
from snapshots.views.forms.reasons import ReasonField

MOST_DIGITS = 18


class NumberField(forms.IntegerField):
    """The number of a row, from 1 on, that fits the column."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=10**MOST_DIGITS, **options)


class MarkForm(forms.Form):
    verdict = forms.ChoiceField(choices=Verdict)
    note = ReasonField(
        required=False,
        rows=3,
        max_length=NOTE_MAX_LENGTH,
        label=_("Note"),
        help_text=_("A question is shown to the person who is asked. A finding goes into the audit log."),
    )
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)
    """The mark that the page showed."""

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        takes_note = found.get("verdict") in {Verdict.QUESTION, Verdict.FINDING}
        if takes_note and not found.get("note") and "note" not in self.errors:
            self.add_error("note", _("Write what you ask or found: it is recorded in the audit log."))
        return found


class SignForm(forms.Form):
    first = NumberField(widget=forms.HiddenInput)
    last = NumberField(label=_("Up to row"))
    statement = ReasonField(
        required=False,
        rows=3,
        max_length=STATEMENT_MAX_LENGTH,
        label=_("Statement"),
        help_text=_("For example how the entries were reviewed. Recorded in the audit log with your name."),
    )
    damaged = NumberField(required=False, widget=forms.HiddenInput)
    """The row that does not verify, of which the person says to know."""


class AnswerForm(forms.Form):
    text = ReasonField(
        required=True,
        rows=5,
        max_length=ANSWER_MAX_LENGTH,
        label=_("Your answer"),
        help_text=_("Recorded in the audit log with your name. It cannot be changed afterwards."),
        missing=_("Enter your answer."),
    )
