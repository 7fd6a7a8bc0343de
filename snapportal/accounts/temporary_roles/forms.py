"""Forms of temporary roles."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from snapportal.accounts.models import ROLE_WORDS
from snapportal.accounts.team_models import TeamRole
from snapportal.accounts.temporary_roles.rules import HOURS
from snapshots.views.forms.reasons import ReasonField
from snapshots.views.forms.server_choices import ServersForm


def hours_text(hours: int) -> str:
    return ngettext("%(hours)d hour", "%(hours)d hours", hours) % {"hours": hours}


class AskForm(ServersForm):
    """Single servers that the person sees; never all."""

    role = forms.ChoiceField(label=_("Role"), widget=forms.RadioSelect)
    hours = forms.TypedChoiceField(
        label=_("For how long"),
        coerce=int,
        help_text=_("It begins when somebody grants it, and ends by itself."),
    )
    reason = ReasonField(
        required=True,
        label=_("What you need it for"),
        help_text=_("Shown to those who decide, and recorded in the audit log with your name."),
    )

    def __init__(self, data: Any, *, names: Mapping[int, str], chosen: Iterable[int] = ()) -> None:
        initial = {"role": TeamRole.MANAGER, "hours": 4}
        super().__init__(data, names=names, chosen=chosen, may_cover_all=False, initial=initial)
        self.fields["role"].choices = [  # type: ignore[attr-defined]
            (role.value, format_html('{} <span class="hint">{}</span>', role.label, ROLE_WORDS[role.value]))
            for role in TeamRole
        ]
        self.fields["hours"].choices = [(hours, hours_text(hours)) for hours in HOURS]  # type: ignore[attr-defined]


class DenyForm(forms.Form):
    reason = ReasonField(required=True, label=_("Why it is denied"))


class EndForm(forms.Form):
    """By whoever has the role: no reason is needed."""


class EndOfOtherForm(forms.Form):
    reason = ReasonField(required=True, label=_("Why it ends early"))
