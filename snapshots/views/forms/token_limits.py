"""The form that limits a stored token."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from snapshots.vault.limits import Limits
from snapshots.views.forms.reasons import ReasonField
from snapshots.views.forms.server_choices import ALL, ServersForm
from snapshots.views.texts.token_limits import REFUSED, RIGHTS_TEXTS


def key_of(rights: tuple[str, ...] | None) -> str:
    """The value of a choice of rights."""
    return ALL if rights is None else ",".join(rights) or "see"


class TokenLimitsForm(ServersForm):
    """`now`: the limits that the form shows. `widest`: those that it can choose from. `names`: ID → name of each server."""

    rights = forms.ChoiceField(
        label=lazy("What it may be used for"),
        widget=forms.RadioSelect,
        help_text=lazy("Never more than the role of its owner allows."),
    )
    reason = ReasonField(
        required=False,
        rows=1,
        help_text=lazy("The owner of the token sees it, and it stays in the audit log."),
    )

    def __init__(
        self, data: Any, *, now: Limits, widest: Limits, names: Mapping[int, str], needs_reason: bool
    ) -> None:
        self.needs_reason = needs_reason
        super().__init__(
            data,
            names=names if widest.servers is None else widest.servers,
            chosen=now.servers,
            may_cover_all=widest.servers is None,
            initial={"rights": key_of(now.rights)},
        )
        if needs_reason:
            self.fields["reason"].help_text = _(
                "Needed unless you lift the limits. The owner of the token sees it, and it stays in the audit log."
            )
        allowed = [one for one in RIGHTS_TEXTS if Limits(rights=one).is_within(Limits(rights=widest.rights))]
        self.by_key = {key_of(one): one for one in allowed}
        self.fields["rights"].choices = [(key_of(one), RIGHTS_TEXTS[one]) for one in allowed]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if self.needs_reason and not self.errors and self.limits.exist and not found.get("reason"):
            self.add_error("reason", str(REFUSED["reason_missing"]))
        return found

    @property
    def limits(self) -> Limits:
        """What was chosen. Only for a form without errors."""
        return Limits(servers=self.cleaned_data["servers"], rights=self.by_key[self.cleaned_data["rights"]])
