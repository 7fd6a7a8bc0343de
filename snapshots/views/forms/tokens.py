"""The forms for adding and replacing a token. A submitted token is never rendered back into a form."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from snapshots.contract import clean_text
from snapshots.vault import pasted
from snapshots.vault.pasted import Part

TOKEN_MAX_LENGTH = 500
PASTED_MAX_LENGTH = 4000
TOKEN_IN_LABEL = re.compile(r"(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9]{20,}")
"""Twenty or more letters and digits in a row, with at least one of each."""


class TokenForm(forms.Form):
    """A token that replaces a stored one. `offers_unchecked` shows the field to store it without a check."""

    token = forms.CharField(
        label=_("API token"),
        max_length=PASTED_MAX_LENGTH,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("Paste it as VPS.org shows it. The portal stores it encrypted and never shows it again."),
    )
    unchecked = forms.BooleanField(
        label=_("Store without checking"),
        required=False,
        help_text=_("Paste the token once more. You will see on the servers page whether it works."),
    )
    left_off: tuple[Part, ...] = ()
    offers_unchecked = False

    def clean_token(self) -> str:
        found = pasted.clean(self.cleaned_data["token"])
        self.left_off = found.left_off
        if not found.token:
            raise forms.ValidationError(_("There is no token in what was pasted."))
        if len(found.token) > TOKEN_MAX_LENGTH:
            raise forms.ValidationError(_("This is longer than any token: paste the token alone."))
        if not (found.token.isascii() and found.token.isprintable()) or " " in found.token:
            raise forms.ValidationError(
                _("A token is one word of letters, digits and signs, without spaces.")
            )
        return found.token


class NewTokenForm(TokenForm):
    """A new token, with a label that its owner chooses."""

    label = forms.CharField(
        label=_("Label"),
        max_length=80,
        help_text=_("A name of your own for it, such as the account or team it belongs to."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "translate": "no"}),
    )
    field_order = ["label", "token", "unchecked"]

    def clean_label(self) -> str:
        return clean_text(self.cleaned_data["label"], 80)

    def clean(self) -> dict[str, Any]:
        """Reject a token pasted into the label: labels are shown on pages and stay in the audit log permanently."""
        found = self.cleaned_data
        label, token = found.get("label", ""), found.get("token", "")
        if (token and token in label) or TOKEN_IN_LABEL.search(label):
            self.add_error("label", _("This looks like a token. The label is a name that others may read."))
            self.data = dict(self.data.items()) | {"label": ""}
        return found


class ColleagueTokenForm(NewTokenForm):
    """A token that an admin stores for a colleague."""

    is_closed = forms.BooleanField(
        label=_("Limit it to some servers or rights"),
        required=False,
        help_text=_("You choose them on the next page. Until then it can be used for nothing."),
    )
    field_order = ["label", "token", "unchecked", "is_closed"]
