"""What is asked of a person who puts in a token. A token that was sent is never written back into a form."""

from django import forms
from django.utils.translation import gettext_lazy as _

from snapshots.contract import clean_text

TOKEN_MAX_LENGTH = 500


class TokenForm(forms.Form):
    """A token in the place of one that is stored."""

    token = forms.CharField(
        label=_("API token"),
        max_length=TOKEN_MAX_LENGTH,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("Paste it as VPS.org shows it. The portal stores it encrypted and never shows it again."),
    )
    unchecked = forms.BooleanField(
        label=_("Store without checking"),
        required=False,
        help_text=_("Paste the token once more. You will see on the servers page whether it works."),
    )

    def clean_token(self) -> str:
        token: str = self.cleaned_data["token"]
        if not (token.isascii() and token.isprintable()) or " " in token:
            raise forms.ValidationError(
                _("A token is one word of letters, digits and signs, without spaces.")
            )
        return token


class NewTokenForm(TokenForm):
    """A further token, with the name by which its owner will know it."""

    label = forms.CharField(
        label=_("Label"),
        max_length=80,
        help_text=_("A name of your own for it, such as the account or team it belongs to."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    field_order = ["label", "token", "unchecked"]

    def clean_label(self) -> str:
        return clean_text(self.cleaned_data["label"], 80)
