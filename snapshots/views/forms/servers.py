"""The filter of the server list."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from snapshots.views import kept_html
from snapshots.views.forms.selects import NameSelect, QuickSelect


class ServerFilterForm(forms.Form):
    """The filter of the server list, read from the query string. An invalid choice counts as not chosen."""

    SORTS = [("name", _("Server name")), ("newest", _("Newest snapshot")), ("size", _("Largest"))]
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

    def __init__(self, data: Any, *, servers: list[tuple[str, str]], tokens: list[tuple[str, str]]) -> None:
        super().__init__(data, auto_id="filter-%s", use_required_attribute=False)
        self.fields["server"].choices = [("", _("All")), *servers]  # type: ignore[attr-defined]
        self.fields["token"].choices = [("", _("All")), *tokens]  # type: ignore[attr-defined]
        if len(tokens) < 2:  # noqa: PLR2004 - nothing to choose from
            del self.fields["token"]

    @property
    def key(self) -> str:
        """Of what the rendered form shows."""
        shown = [
            (self[name].value(), [*getattr(field, "choices", ())]) for name, field in self.fields.items()
        ]
        return kept_html.key_of(shown)

    def chosen(self, name: str) -> str:
        """The chosen value, or '' if the field is empty or invalid."""
        self.is_valid()
        return str(self.cleaned_data.get(name) or "")
