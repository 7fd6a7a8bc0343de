"""The forms of batches. The rules are in jobs/batches.py."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from snapshots import contract
from snapshots.views.forms.reasons import ReasonField
from snapshots.views.forms.snapshots import ROOM_KEY_MAX_LENGTH

VERBATIM = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "translate": "no"}
"""Attributes of a field for a name or a number: nothing changes or translates what is typed."""
SERVER_PREFIX = "server-"
SERVER_FIELD = re.compile(rf"{SERVER_PREFIX}[0-9]{{1,19}}")


class BatchForm(forms.Form):
    """`confirmation` is a signed record of all that the page showed."""

    confirmation = forms.CharField(widget=forms.HiddenInput, required=False)

    def arguments(self) -> dict[str, Any]:
        """The submitted texts, as keyword arguments of the batch."""
        return {name: value for name, value in self.cleaned_data.items() if isinstance(value, str)}


class CreateManyForm(BatchForm):
    name = forms.CharField(
        label=_("Name"),
        max_length=contract.NAME_MAX_LENGTH,
        widget=forms.TextInput(attrs=VERBATIM),
        help_text=_("Each server's snapshot has this name: letters, digits, hyphens and underscores."),
    )
    description = forms.CharField(
        label=_("Description"),
        required=False,
        max_length=contract.DESCRIPTION_MAX_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Stored with each snapshot at the provider."),
    )
    reason = ReasonField(
        required=False, rows=1, help_text=_("Recorded in the audit log only, for example a ticket number.")
    )


class DeleteManyForm(BatchForm):
    typed_count = forms.CharField(
        label=_("The number of snapshots"),
        max_length=4,
        widget=forms.TextInput(attrs={**VERBATIM, "inputmode": "numeric"}),
        error_messages={"required": _("Type how many snapshots are deleted, to confirm.")},
    )
    reason = ReasonField(required=True)
    understood = forms.BooleanField(
        label=_("I understand that these snapshots cannot be recovered"),
        error_messages={"required": _("Tick this to confirm.")},
    )


class RestoreManyForm(BatchForm):
    """`choices`: server's ID → label and choices of what happens before its restore, and the one chosen at first."""

    typed_name = forms.CharField(
        label=_("The restore point's name"),
        max_length=300,
        strip=False,
        widget=forms.TextInput(attrs=VERBATIM),
        error_messages={"required": _("Type the restore point's name to confirm.")},
    )
    reason = ReasonField(required=True)

    def __init__(
        self, *args: Any, choices: dict[int, tuple[Any, list[tuple[str, Any]], str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.servers = {server_id: f"{SERVER_PREFIX}{server_id}" for server_id in choices}
        for server_id, (label, offered, first) in choices.items():
            self.fields[self.servers[server_id]] = forms.CharField(
                label=label,
                max_length=ROOM_KEY_MAX_LENGTH,
                initial=first,
                widget=forms.RadioSelect(choices=offered),
                error_messages={"required": _("Choose what happens before this server is restored.")},
            )

    @property
    def choice_fields(self) -> dict[int, forms.BoundField]:
        """Server's ID → its field."""
        return {server_id: self[name] for server_id, name in self.servers.items()}

    def arguments(self) -> dict[str, Any]:
        """With the choices for all servers that were on the page, also those that cannot be restored any more."""
        found = super().arguments()
        texts = {name: value for name, value in found.items() if name not in self.servers.values()}
        chosen = {
            int(name.removeprefix(SERVER_PREFIX)): str(self.data[name])
            for name in self.data
            if SERVER_FIELD.fullmatch(name)
        }
        return {**texts, "choices": chosen}
