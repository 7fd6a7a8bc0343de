"""What of the log is wanted, as it stands in the address of the page."""

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from snapshots.audit.models import Entry, EntryQuerySet
from snapshots.views.texts.audit import ACTIONS, RESULTS

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

LONGEST_TEXT = 200
DATE_LIMITS = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2999, 12, 31))]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _day_field(label: "StrPromise") -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(
        label=label, required=False, widget=widget, input_formats=["%Y-%m-%d"], validators=DATE_LIMITS
    )


class EntryFilterForm(forms.Form):
    """Empty fields do not narrow. Days are days of UTC, both included."""

    text = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    person = forms.CharField(
        label=_("Person"),
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.TextInput(attrs={"list": "people", "autocomplete": "off"}),
    )
    action = forms.ChoiceField(label=_("What"), required=False)
    server = forms.CharField(label=_("Server"), required=False, max_length=LONGEST_TEXT)
    result = forms.ChoiceField(label=_("Result"), required=False)
    since = _day_field(_("From"))
    until = _day_field(_("To"))

    def __init__(self, query: QueryDict) -> None:
        super().__init__(query)
        everything = ("", _("Everything"))
        self.fields["action"].choices = [everything, *((key, words[0]) for key, words in ACTIONS.items())]  # type: ignore[attr-defined]
        self.fields["result"].choices = [everything, *((key, badge.text) for key, badge in RESULTS.items())]  # type: ignore[attr-defined]

    def chosen(self) -> dict[str, str]:
        """The fields that narrow, as they stand in an address. Only of a valid form."""
        return {name: str(value) for name, value in self.cleaned_data.items() if value}

    def lines(self) -> EntryQuerySet:
        """The line of every story that is wanted, newest first. Only of a valid form."""
        wanted = self.cleaned_data
        lines = Entry.objects.numbered()
        if wanted["action"]:
            lines = lines.filter(action=wanted["action"])
        if wanted["result"]:
            lines = lines.filter(result=wanted["result"])
        if wanted["person"]:
            lines = lines.by_person(wanted["person"])
        if wanted["server"]:
            lines = lines.on_server(wanted["server"])
        if wanted["text"]:
            lines = lines.containing(wanted["text"])
        since, until = wanted["since"], wanted["until"]
        lines = lines.between(
            _midnight(since) if since else None, _midnight(until + timedelta(days=1)) if until else None
        )
        return lines.lines().order_by("-sequence")

    def rows(self) -> EntryQuerySet:
        """Every row of the stories that are wanted. Only of a valid form."""
        return self.lines().with_history() if self.chosen() else Entry.objects.all()
