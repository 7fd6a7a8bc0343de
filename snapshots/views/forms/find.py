"""The fields of the searches over everything, and in the help."""

from django import forms
from django.utils.translation import gettext_lazy as _

from snapshots.views.forms.audit import LONGEST_TEXT


class FindForm(forms.Form):
    q = forms.CharField(
        label=_("Find"),
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off", "translate": "no"}),
    )


class HelpForm(FindForm):
    q = forms.CharField(
        label=_("Search the help"),
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
