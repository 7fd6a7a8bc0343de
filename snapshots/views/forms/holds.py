"""The forms that place and lift a legal hold."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from snapshots.audit.hold_models import Scope, ScopeError, parse_scope
from snapshots.views.forms.reasons import ReasonField

NAME_MAX_LENGTH = 80
SCOPE_MAX_LENGTH = 60


class PlaceHoldForm(forms.Form):
    kind = forms.ChoiceField(
        label=_("What is held?"),
        widget=forms.RadioSelect,
        choices=[
            ("server", _("A server: all rows about it")),
            ("person", _("A person: all rows by and about the person")),
            ("operation", _("An operation")),
            ("rows", _("A range of rows")),
        ],
    )
    value = forms.CharField(
        label=_("Number"),
        max_length=SCOPE_MAX_LENGTH,
        widget=forms.TextInput(attrs={"translate": "no"}),
        help_text=_("The number of the server or person, the ID of the operation, or rows such as 5 to 90."),
    )
    name = forms.CharField(
        label=_("Name"),
        max_length=NAME_MAX_LENGTH,
        widget=forms.TextInput(attrs={"translate": "no"}),
        help_text=_("For example the number of the case."),
    )
    reason = ReasonField(required=True, rows=3)

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if "kind" in found and "value" in found:
            try:
                found["scope"] = parse_scope(f"{found['kind']} {found['value']}".lower())
            except ScopeError:
                self.add_error("value", _("This is not a number or range of the chosen kind."))
        return found

    @property
    def scope(self) -> Scope:
        """What is held. Only for a valid form."""
        scope: Scope = self.cleaned_data["scope"]
        return scope


class LiftHoldForm(forms.Form):
    reason = ReasonField(required=True, rows=3)
