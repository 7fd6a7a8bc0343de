"""The form of a saved view of the audit log."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from snapshots.audit.saved_views.models import NAME_MAX_LENGTH
from snapshots.audit.saved_views.service import MOST
from snapshots.contract import clean_text
from snapshots.inventory.names import visible_name


class SavedViewForm(forms.Form):
    """`may_share`: whether it can still be shared; one that is shared stays so."""

    name = forms.CharField(
        label=lazy("Name"),
        max_length=NAME_MAX_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off", "translate": "no"}),
        help_text=lazy("For example Refused sign-ins, or Restores of last month."),
        error_messages={"required": lazy("Give the view a name.")},
    )
    is_shared = forms.BooleanField(
        label=lazy("Show it to everybody who may read the log"),
        required=False,
        help_text=lazy("With your name beside it. The audit log records that it was shared."),
    )

    def __init__(self, *args: Any, may_share: bool = True, **options: Any) -> None:
        super().__init__(*args, **options)
        if not may_share:
            del self.fields["is_shared"]

    def clean_name(self) -> str:
        name = clean_text(visible_name(self.cleaned_data["name"]), NAME_MAX_LENGTH)
        if not name:
            raise forms.ValidationError(_("Give the view a name that can be seen."))
        return name

    @property
    def shares(self) -> bool:
        """Only for a valid form."""
        return bool(self.cleaned_data.get("is_shared"))

    def refuse(self, code: str) -> None:
        """Show why the view was not saved (saved_views.service.SavedViewError)."""
        words = {
            "duplicate_name": _("You have a view with this name already: choose another one."),
            "too_many": _("You have %(count)s views, and no more can be kept: delete one first.")
            % {"count": MOST},
        }
        self.add_error("name", words[code])
