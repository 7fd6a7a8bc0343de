"""Forms of second factors."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from snapportal.accounts.factors.models import NAME_LENGTH
from snapshots.views.forms.reasons import ReasonField

CODE_ATTRIBUTES = {"autocomplete": "one-time-code", "inputmode": "numeric", "translate": "no"}


class CodeForm(forms.Form):
    """The first code of an app that is set up."""

    one_time_code = forms.CharField(
        label=lazy("Code"), max_length=12, widget=forms.TextInput(attrs=CODE_ATTRIBUTES)
    )

    def refuse(self) -> None:
        text = _("This code is wrong. Wait for the app's next one, and check your phone's clock.")
        self.add_error("one_time_code", text)


class PasskeyForm(forms.Form):
    """A new passkey: static/passkeys.js fills in what the browser has made."""

    name = forms.CharField(
        label=lazy("Name"),
        max_length=NAME_LENGTH,
        help_text=lazy("By which you recognise it, such as the device."),
        widget=forms.TextInput(attrs={"translate": "no", "autocomplete": "off"}),
    )
    passkey = forms.CharField(widget=forms.HiddenInput)


class ResetForm(forms.Form):
    """Why an admin resets somebody's second factors."""

    reason = ReasonField(
        required=True,
        rows=3,
        max_length=500,
        help_text=lazy("How you know that it is the person who asks. It stays in the audit log."),
    )
