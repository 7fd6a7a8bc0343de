"""The forms that make and revoke an API key."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from snapshots import contract
from snapshots.api.keys import DEFAULT_DAYS, LONGEST_DAYS, KeyNotMadeError, Wish
from snapshots.api.models import RIGHTS
from snapshots.inventory.names import visible_name
from snapshots.operations.rights import may_in_part
from snapshots.vault.models import StoredToken
from snapshots.views.forms.reasons import ReasonField
from snapshots.views.forms.schedule_values import ServerChoice, TokenChoice
from snapshots.views.forms.tokens import TOKEN_IN_LABEL
from snapshots.views.texts.api_keys import NOT_MADE, needs_token
from snapshots.views.texts.rights import RIGHT_WORDS

NAME_MAX_LENGTH = 80
SEE = "snapshots.see"


class ApiKeyForm(forms.Form):
    """A new key. `tokens`: those of the owner, each with its servers as last read."""

    name = forms.CharField(
        label=lazy("Name"),
        max_length=NAME_MAX_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off", "translate": "no"}),
        help_text=lazy("What uses it, for example Nightly deploy. It stays in the audit log."),
    )
    rights = forms.MultipleChoiceField(
        label=lazy("What it may do"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": lazy("Choose at least one.")},
    )
    servers = forms.MultipleChoiceField(required=False)
    days = forms.IntegerField(
        label=lazy("Days until it expires"),
        min_value=1,
        max_value=LONGEST_DAYS,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        help_text=lazy("1 to 366. Before that day, make another key and revoke this one."),
    )
    needs_reason = forms.BooleanField(
        label=lazy("Its requests must give a reason"),
        required=False,
        help_text=lazy("Where a page asks for one. The reason goes into the audit log."),
    )

    def __init__(self, data: Any, *, owner: AbstractBaseUser, tokens: Sequence[TokenChoice]) -> None:
        self.tokens = tokens
        allowed = [one for one in RIGHTS if may_in_part(owner, one)]
        all_values = [one.all_value for one in tokens]
        first = {"days": DEFAULT_DAYS, "rights": [SEE] if SEE in allowed else allowed, "servers": []}
        super().__init__(data, initial=first)
        self._set_choices("rights", [(one, RIGHT_WORDS[one]) for one in allowed])
        servers = [(one.value, one.name) for token in tokens for one in token.servers]
        self._set_choices("servers", [*((one, one) for one in all_values), *servers])

    def _set_choices(self, name: str, choices: list[Any]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        name = visible_name(contract.clean_text(self.cleaned_data["name"], NAME_MAX_LENGTH))
        if TOKEN_IN_LABEL.search(name):
            self.data = self.data.copy() | {"name": ""}  # type: ignore[attr-defined]
            raise forms.ValidationError(_("This looks like a key or token. Others may read the name."))
        if not name:
            raise forms.ValidationError(_("Give the key a name."))
        return name

    def clean(self) -> dict[str, Any]:
        """One token, because a key works with one; and never all servers where single ones are ticked too."""
        found = super().clean() or self.cleaned_data
        chosen = found.get("servers", [])
        token_ids = {value.partition(":")[0] for value in chosen}
        if len(token_ids) > 1:
            self.add_error(
                "servers", _("Choose servers of one token, and make a second key for those of another one.")
            )
        elif len(chosen) > 1 and any(one.all_value in chosen for one in self.tokens):
            self.add_error("servers", _("Choose either all servers or single ones."))
        elif needs_token(found.get("rights", [])) and not token_ids and "servers" not in self.errors:
            self.add_error("servers", _("Choose the servers that it reaches."))
        return found

    @property
    def groups(self) -> list[dict[str, Any]]:
        """Per token: its label, and its servers with whether they are ticked."""
        ticked = set(self["servers"].value() or ())
        return [
            {"token": one, "is_all": one.all_value in ticked, "servers": _ticked(one.servers, ticked)}
            for one in self.tokens
        ]

    def wish(self, tokens: Sequence[StoredToken]) -> Wish:
        """What was asked for, with one of the owner's `tokens`. Only for a valid form."""
        found = self.cleaned_data
        token_id = next(iter(found["servers"]), "").partition(":")[0]
        chosen = next((one for one in self.tokens if one.token_id == token_id), None)
        covers_all = chosen is None or chosen.all_value in found["servers"]
        listed = [] if chosen is None or covers_all else chosen.servers
        return Wish(
            name=found["name"],
            rights=found["rights"],
            token=next((one for one in tokens if one.pk == token_id), None),
            server_ids=[one.server_id for one in listed if one.value in found["servers"]],
            days=found["days"],
            needs_reason=found["needs_reason"],
        )

    def refuse(self, error: KeyNotMadeError) -> None:
        field, words = NOT_MADE[error.code]
        self.add_error(field, str(words))


def _ticked(servers: Sequence[ServerChoice], ticked: set[str]) -> list[tuple[ServerChoice, bool]]:
    return [(one, one.value in ticked) for one in servers]


class RevokeKeyForm(forms.Form):
    """Why a key is revoked."""

    reason = ReasonField(required=False, rows=1)
