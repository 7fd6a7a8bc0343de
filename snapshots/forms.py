"""The forms of the snapshot pages: they read what was typed. The rules stand in operations.py and are checked there."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from snapshots import contract
from snapshots.models import Finding

REASON_MAX_LENGTH = 1000


class ConfirmedForm(forms.Form):
    """`confirmation` is what the person was shown, signed; the override is asked for only while a restore holds the server."""

    confirmation = forms.CharField(widget=forms.HiddenInput, required=False)
    override_reason = forms.CharField(
        label=_("Why must it be done all the same?"),
        required=False,
        max_length=REASON_MAX_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Written into the audit log. Without it nothing is sent until the restore is over."),
    )

    def __init__(self, *args: Any, asks_override: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not asks_override:
            del self.fields["override_reason"]

    def value(self, name: str) -> str:
        return str(self.cleaned_data.get(name, ""))


class CreateForm(ConfirmedForm):
    name = forms.CharField(
        label=_("Name"),
        max_length=contract.NAME_MAX_LENGTH,
        help_text=_(
            "Letters, digits, hyphens and underscores. Say what it is for: before-update, before-migration."
        ),
    )
    description = forms.CharField(
        label=_("Description"),
        required=False,
        max_length=contract.DESCRIPTION_MAX_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Stands beside the snapshot at the provider, for whoever reads it in a month."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=REASON_MAX_LENGTH,
        help_text=_("Written into the audit log only: a ticket's number, say."),
    )
    field_order = ["name", "description", "reason", "override_reason", "confirmation"]


class RestoreForm(ConfirmedForm):
    typed_name = forms.CharField(
        label=_("The server's name"),
        max_length=300,
        strip=False,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
        error_messages={"required": _("Type the server's name to show that you mean this one.")},
    )
    reason = forms.CharField(
        label=_("Why is it restored?"),
        max_length=REASON_MAX_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Written into the audit log, beside your name."),
        error_messages={"required": _("Please say why: it will be read one day.")},
    )
    field_order = ["typed_name", "reason", "override_reason", "confirmation"]


class DeleteForm(ConfirmedForm):
    reason = forms.CharField(
        label=_("Why is it deleted?"),
        required=False,
        max_length=REASON_MAX_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Written into the audit log, beside your name."),
    )
    understood = forms.BooleanField(
        label=_("I understand that this snapshot is gone for ever"),
        error_messages={"required": _("Tick this to show that you mean it.")},
    )
    field_order = ["reason", "override_reason", "understood", "confirmation"]


class CloseForm(forms.Form):
    finding = forms.ChoiceField(
        label=_("What did you find?"),
        widget=forms.RadioSelect,
        choices=[
            (Finding.HAPPENED, _("It happened")),
            (Finding.NOT_HAPPENED, _("It did not happen")),
            (Finding.UNDECIDED, _("It cannot be told")),
        ],
        error_messages={"required": _("Please choose what you found.")},
    )
    reason = forms.CharField(
        label=_("How do you know?"),
        max_length=REASON_MAX_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("What you saw, and where. It is written into the audit log, beside your name."),
        error_messages={"required": _("Please say how you know.")},
    )


class FilterForm(forms.Form):
    """The list's filter, kept in the address. What is not among the choices counts as not chosen."""

    SORTS = [("name", _("Server name")), ("newest", _("Newest snapshot")), ("size", _("Most space"))]
    STATUSES = [
        ("", _("Any")),
        ("ready", _("Ready")),
        ("moving", _("Under way")),
        ("failed", _("Failed")),
        ("other", _("Other")),
    ]

    q = forms.CharField(
        label=_("Search"), required=False, max_length=100, widget=forms.TextInput(attrs={"type": "search"})
    )
    server = forms.ChoiceField(label=_("Server"), required=False)
    status = forms.ChoiceField(label=_("Snapshots"), required=False, choices=STATUSES)
    token = forms.ChoiceField(label=_("Token"), required=False)
    sort = forms.ChoiceField(label=_("Order"), required=False, choices=SORTS)

    def __init__(self, data: Any, *, servers: list[tuple[str, str]], tokens: list[tuple[str, str]]) -> None:
        super().__init__(data, auto_id="filter-%s", use_required_attribute=False)
        self.fields["server"].choices = [("", _("All")), *servers]  # type: ignore[attr-defined]
        self.fields["token"].choices = [("", _("All")), *tokens]  # type: ignore[attr-defined]
        if len(tokens) < 2:  # noqa: PLR2004 - nothing to choose from
            del self.fields["token"]

    def chosen(self, name: str) -> str:
        """What was chosen, or '' when nothing, or nothing sensible, was."""
        self.is_valid()
        return str(self.cleaned_data.get(name) or "")
