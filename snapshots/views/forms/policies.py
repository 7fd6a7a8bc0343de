"""The form of an approval policy."""

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from snapshots.contract import clean_text
from snapshots.inventory.names import visible_name
from snapshots.operations.guarded_models import PolicyAction
from snapshots.operations.policies import HOURS, MOST_NEEDED, PolicyDefinition
from snapshots.views.forms.reasons import ReasonField
from snapshots.views.forms.server_choices import ServersForm

DEFAULT_HOURS: Final = 4


class PolicyForm(ServersForm):
    """`people`: ID → name of each person who could approve."""

    name = forms.CharField(
        label=lazy("Name"),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off", "translate": "no"}),
        help_text=lazy("For example Production. It stays in the audit log."),
        error_messages={"required": lazy("Give the policy a name.")},
    )
    actions = forms.MultipleChoiceField(
        label=lazy("What takes an approval?"),
        widget=forms.CheckboxSelectMultiple,
        choices=PolicyAction.choices,
        error_messages={"required": lazy("Choose what it is about.")},
    )
    needed = forms.TypedChoiceField(
        label=lazy("How many people have to approve?"), coerce=int, widget=forms.RadioSelect
    )
    hours = forms.TypedChoiceField(label=lazy("How long does a request wait?"), coerce=int)
    approvers = forms.TypedMultipleChoiceField(
        label=lazy("Who may approve?"),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=lazy(
            "Nobody ticked: everybody else who may do it. Nobody approves what they asked for themselves."
        ),
    )
    reason = ReasonField(required=True)

    def __init__(self, data: Any, *, names: Mapping[int, str], people: Mapping[int, str]) -> None:
        initial = {"actions": [PolicyAction.RESTORE.value], "needed": 1, "hours": DEFAULT_HOURS}
        super().__init__(data, names=names, chosen=None, initial=initial)
        self._set_choices("needed", [(one, str(one)) for one in range(1, MOST_NEEDED + 1)])
        self._set_choices("hours", [(one, ngettext("%d hour", "%d hours", one) % one) for one in HOURS])
        self._set_choices("approvers", list(people.items()))

    def _set_choices(self, name: str, choices: list[Any]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        name = clean_text(visible_name(self.cleaned_data["name"]), 80)
        if not name:
            raise forms.ValidationError(_("Give the policy a name."))
        return name

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if found.get("approvers") and len(found["approvers"]) < found.get("needed", 0):
            self.add_error("approvers", _("Tick at least as many people as have to approve, or nobody."))
        return found

    @property
    def definition(self) -> PolicyDefinition:
        """Only for a valid form."""
        names = ("name", "servers", "actions", "needed", "hours", "approvers", "reason")
        return PolicyDefinition(**{name: self.cleaned_data[name] for name in names})
