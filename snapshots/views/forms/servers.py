"""The filter of the server list."""

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from snapshots.views import kept_html
from snapshots.views.forms.selects import NameSelect, QuickSelect
from snapshots.views.overview import HIGHLIGHTS

Choices = list[tuple[str, str]]


class ServerFilterForm(forms.Form):
    """The filter of the server list, read from the query string. An invalid choice counts as not chosen.

    A form costs more to make than a list of servers: see `is_filtered` and `key_of_form`.
    """

    SORTS = [
        ("name", _("Server name")),
        ("-name", _("Server name, Z to A")),
        ("snapshot", _("Snapshot name")),
        ("-snapshot", _("Snapshot name, Z to A")),
        ("-created", _("Newest snapshot")),
        ("created", _("Oldest snapshot")),
        ("-size", _("Largest")),
        ("size", _("Smallest")),
        ("status", _("Failed first")),
        ("-status", _("Ready first")),
    ]
    GROUPS = [("", _("None")), ("location", _("Location")), ("token", _("Token"))]
    STATUSES = [
        ("", _("Any")),
        ("ready", _("Ready")),
        ("moving", _("In progress")),
        ("failed", _("Failed")),
        ("other", _("Other")),
    ]

    q = forms.CharField(
        label=_("Search"), required=False, max_length=100, widget=forms.TextInput(attrs={"type": "search"})
    )
    server = forms.ChoiceField(label=_("Server"), required=False, widget=NameSelect)
    status = forms.ChoiceField(label=_("Snapshots"), required=False, choices=STATUSES, widget=QuickSelect)
    token = forms.ChoiceField(label=_("Token"), required=False, widget=NameSelect)
    sort = forms.ChoiceField(label=_("Sort by"), required=False, choices=SORTS, widget=QuickSelect)
    group = forms.ChoiceField(label=_("Groups"), required=False, choices=GROUPS, widget=QuickSelect)
    show = forms.ChoiceField(
        required=False, choices=[(name, name) for name in HIGHLIGHTS], widget=forms.HiddenInput
    )

    def __init__(self, data: QueryDict, *, servers: Choices, tokens: Choices) -> None:
        super().__init__(data, auto_id="filter-%s", use_required_attribute=False)
        self.fields["server"].choices = [("", _("All")), *servers]  # type: ignore[attr-defined]
        self.fields["token"].choices = [("", _("All")), *tokens]  # type: ignore[attr-defined]
        if len(tokens) < 2:  # noqa: PLR2004 - nothing to choose from
            del self.fields["token"]
            self.fields["group"].choices = self.GROUPS[:2]  # type: ignore[attr-defined]

    def chosen(self, name: str) -> str:
        """The chosen value, or '' if the field is empty or invalid."""
        self.is_valid()
        return str(self.cleaned_data.get(name) or "")


def is_filtered(data: QueryDict) -> bool:
    """Whether a query string has a value for the form: without one nothing is chosen."""
    return any(data.get(name) for name in ServerFilterForm.base_fields)


def key_of_form(data: QueryDict, *, servers: Choices, tokens: Choices) -> str:
    """Of what the rendered form shows."""
    values = [data.get(name) for name in ServerFilterForm.base_fields]
    return kept_html.key_of("filter", values, servers, tokens)
