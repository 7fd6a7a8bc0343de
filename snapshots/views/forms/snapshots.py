"""The forms of the create, restore and delete pages. The rules are in operations/service.py."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from snapshots import contract
from snapshots.views.forms.reasons import ReasonField

ROOM_KEY_MAX_LENGTH = 120


class ConfirmedForm(forms.Form):
    """`confirmation` is a signed record of what the page showed; the override is used only while a restore holds the server."""

    confirmation = forms.CharField(widget=forms.HiddenInput, required=False)
    override_reason = ReasonField(
        required=False,
        label=_("Reason for the override"),
        help_text=_("Recorded in the audit log. Without it nothing is sent until the restore has ended."),
    )

    def __init__(self, *args: Any, asks_override: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not asks_override:
            del self.fields["override_reason"]

    def arguments(self) -> dict[str, Any]:
        """The submitted texts, as keyword arguments of the operation."""
        return {name: value for name, value in self.cleaned_data.items() if isinstance(value, str)}


class CreateForm(ConfirmedForm):
    name = forms.CharField(
        label=_("Name"),
        max_length=contract.NAME_MAX_LENGTH,
        help_text=_(
            "Letters, digits, hyphens and underscores. Describe its purpose, for example before-update."
        ),
    )
    description = forms.CharField(
        label=_("Description"),
        required=False,
        max_length=contract.DESCRIPTION_MAX_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Stored with the snapshot at the provider."),
    )
    reason = ReasonField(
        required=False, rows=1, help_text=_("Recorded in the audit log only, for example a ticket number.")
    )
    field_order = ["name", "description", "reason", "override_reason", "confirmation"]


def room_field() -> forms.CharField:
    """Which snapshot is deleted to make room: `jobs.room.room_key` of it. The view sets the choices."""
    return forms.CharField(
        label=_("All places are taken: which snapshot may be deleted for the new one?"),
        required=False,
        max_length=ROOM_KEY_MAX_LENGTH,
        widget=forms.RadioSelect,
        help_text=_("It is deleted for good, before anything else is done."),
    )


class ReplaceForm(CreateForm):
    """Create on a full server: delete the chosen snapshot first."""

    make_room = room_field()
    field_order = ["make_room", *CreateForm.field_order]


class RestoreForm(ConfirmedForm):
    take_safety = forms.BooleanField(
        label=_("Take a snapshot of the present state first"),
        required=False,
        initial=True,
        help_text=_("If it was the wrong server or the wrong snapshot, there is a way back."),
    )
    make_room = room_field()
    typed_name = forms.CharField(
        label=_("The server's name"),
        max_length=300,
        strip=False,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "translate": "no"}
        ),
        error_messages={"required": _("Type the server's name to confirm.")},
    )
    reason = ReasonField(required=True)
    field_order = ["take_safety", "make_room", "typed_name", "reason", "override_reason", "confirmation"]

    def arguments(self) -> dict[str, Any]:
        """Without a safety snapshot nothing has to make room."""
        found = super().arguments()
        if not self.cleaned_data["take_safety"]:
            del found["make_room"]
        return found


class DeleteForm(ConfirmedForm):
    reason = ReasonField(required=False)
    understood = forms.BooleanField(
        label=_("I understand that this snapshot cannot be recovered"),
        error_messages={"required": _("Tick this to confirm.")},
    )
    delete_now = forms.BooleanField(
        label=_("Delete it now: the place is needed"),
        required=False,
        help_text=_("It cannot be called back then, and needs a reason."),
    )
    field_order = ["delete_now", "reason", "override_reason", "understood", "confirmation"]

    def arguments(self) -> dict[str, Any]:
        return super().arguments() | {"delete_now": self.cleaned_data["delete_now"]}
