"""The filter of the server list."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class NameSelect(forms.Select):
    """Its choices are names, which a browser must not translate; the first, without a value, is a word."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        if value:
            option["attrs"]["translate"] = "no"
        return option


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
    status = forms.ChoiceField(label=_("Snapshots"), required=False, choices=STATUSES)
    token = forms.ChoiceField(label=_("Token"), required=False, widget=NameSelect)
    sort = forms.ChoiceField(label=_("Sort by"), required=False, choices=SORTS)

    def __init__(self, data: Any, *, servers: list[tuple[str, str]], tokens: list[tuple[str, str]]) -> None:
        super().__init__(data, auto_id="filter-%s", use_required_attribute=False)
        self.fields["server"].choices = [("", _("All")), *servers]  # type: ignore[attr-defined]
        self.fields["token"].choices = [("", _("All")), *tokens]  # type: ignore[attr-defined]
        if len(tokens) < 2:  # noqa: PLR2004 - nothing to choose from
            del self.fields["token"]

    def chosen(self, name: str) -> str:
        """The chosen value, or '' if the field is empty or invalid."""
        self.is_valid()
        return str(self.cleaned_data.get(name) or "")
