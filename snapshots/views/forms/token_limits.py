"""The form that limits a stored token."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from snapshots.vault.limits import Limits
from snapshots.views.forms.reasons import ReasonField
from snapshots.views.texts.token_limits import REFUSED, RIGHTS_TEXTS

ALL = "all"


def key_of(rights: tuple[str, ...] | None) -> str:
    """The value of a choice of rights."""
    return ALL if rights is None else ",".join(rights) or "see"


class TokenLimitsForm(forms.Form):
    """`now`: the limits that the form shows. `widest`: those that it can choose from. `names`: ID → name of each server."""

    servers = forms.MultipleChoiceField(required=False)
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
        self.names = dict(names) if widest.servers is None else dict(widest.servers)
        self.may_cover_all = widest.servers is None
        self.needs_reason = needs_reason
        ticked = [ALL] if now.servers is None else [str(number) for number in now.servers]
        super().__init__(data, initial={"servers": ticked, "rights": key_of(now.rights)})
        self._set_choices("servers", [(one, one) for one in self._server_values()])
        allowed = [one for one in RIGHTS_TEXTS if Limits(rights=one).is_within(Limits(rights=widest.rights))]
        self.by_key = {key_of(one): one for one in allowed}
        self._set_choices("rights", [(key_of(one), RIGHTS_TEXTS[one]) for one in allowed])

    def _server_values(self) -> list[str]:
        return [*([ALL] if self.may_cover_all else []), *map(str, self.names)]

    def _set_choices(self, name: str, choices: list[Any]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        chosen = found.get("servers", [])
        if ALL in chosen and len(chosen) > 1:
            self.add_error("servers", _("Choose either all servers or single ones."))
        elif not chosen and "servers" not in self.errors:
            self.add_error("servers", _("Choose the servers that it reaches."))
        if self.needs_reason and self.limits.exist and not found.get("reason"):
            self.add_error("reason", str(REFUSED["reason_missing"]))
        return found

    @property
    def limits(self) -> Limits:
        """What was chosen."""
        chosen = self.cleaned_data.get("servers", [])
        servers = {number: name for number, name in self.names.items() if str(number) in chosen}
        return Limits(
            servers=None if ALL in chosen else servers,
            rights=self.by_key.get(self.cleaned_data.get("rights", ""), ()),
        )

    @property
    def server_choices(self) -> list[tuple[str, int, str, bool]]:
        """Value, ID and name of each server, and whether it is ticked."""
        ticked = set(self["servers"].value() or ())
        return [(str(number), number, name, str(number) in ticked) for number, name in self.names.items()]

    @property
    def covers_all(self) -> bool:
        return ALL in (self["servers"].value() or ())
