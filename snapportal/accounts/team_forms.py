"""The form of a team."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from snapportal.accounts.models import ROLE_WORDS
from snapportal.accounts.team_models import Team, TeamRole
from snapportal.accounts.teams import Wish
from snapshots.contract import clean_text
from snapshots.inventory.names import visible_name
from snapshots.views.forms.server_choices import ServersForm


class TeamForm(ServersForm):
    """`seen`: when the team that the page shows was changed last, as text."""

    name = forms.CharField(
        label=lazy("Name"),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off", "translate": "no"}),
        help_text=lazy("What its servers have in common, for example Shop. It stays in the audit log."),
    )
    role = forms.ChoiceField(
        label=lazy("Role of its members on its servers"),
        widget=forms.RadioSelect,
        help_text=lazy("Besides their own role: the one that allows more counts."),
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any, *, team: Team | None, names: Mapping[int, str]) -> None:
        known = team.server_names if team else {}
        initial = {"role": TeamRole.OPERATOR}
        if team:
            initial = {"role": team.role, "name": team.name, "seen": team.changed_at.isoformat()}  # type: ignore[dict-item]
        super().__init__(data, names=(known or {}) | dict(names), chosen=known, initial=initial)
        self.fields["role"].choices = [  # type: ignore[attr-defined]
            (
                role.value,
                format_html(
                    '<strong>{}</strong> <span class="hint">{}</span>', role.label, ROLE_WORDS[role.value]
                ),
            )
            for role in TeamRole
        ]

    def clean_name(self) -> str:
        name = visible_name(clean_text(self.cleaned_data["name"], 80))
        if not name:
            raise forms.ValidationError(_("Give the team a name."))
        return name

    @property
    def wish(self) -> Wish:
        """Only for a valid form."""
        found = self.cleaned_data
        return Wish(name=found["name"], role=found["role"], servers=found["servers"])


class MemberForm(forms.Form):
    """Who is put into a team, or taken out."""

    member = forms.IntegerField(min_value=1, max_value=2**62)
    is_member = forms.BooleanField(required=False)
