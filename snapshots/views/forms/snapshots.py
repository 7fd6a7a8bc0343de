"""The forms of the create, restore and delete pages: they read what was typed. The rules are in operations/service.py."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from snapshots import contract

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
