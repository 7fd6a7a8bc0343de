"""Forms that choose all servers, also those to come, or single ones."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _

ALL = "all"


class ServersForm(forms.Form):
    """`names`: ID → name of each server that can be chosen. `may_cover_all`: whether all of them can be, too."""

    servers = forms.MultipleChoiceField(required=False)

    def __init__(
        self,
        data: Any,
        *,
        names: Mapping[int, str],
        chosen: Iterable[int] | None,
        may_cover_all: bool = True,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        """`chosen`: the IDs that are ticked at first; None for all servers."""
        self.names, self.may_cover_all = dict(names), may_cover_all
        ticked = [ALL] if chosen is None else [str(number) for number in chosen]
        super().__init__(data, initial={"servers": ticked, **(initial or {})})
        values = [*([ALL] if may_cover_all else []), *map(str, self.names)]
        self.fields["servers"].choices = [(one, one) for one in values]  # type: ignore[attr-defined]

    def clean_servers(self) -> Mapping[int, str] | None:
        """ID → name of those chosen; None for all."""
        ticked = self.cleaned_data["servers"]
        if ALL in ticked and len(ticked) > 1:
            raise forms.ValidationError(_("Choose either all servers or single ones."))
        if not ticked:
            raise forms.ValidationError(_("Choose the servers that it reaches."))
        found = {number: name for number, name in self.names.items() if str(number) in ticked}
        return None if ALL in ticked else found

    @property
    def server_choices(self) -> list[tuple[str, int, str, bool]]:
        """Value, ID and name of each server, and whether it is ticked."""
        ticked = set(self["servers"].value() or ())
        return [(str(number), number, name, str(number) in ticked) for number, name in self.names.items()]

    @property
    def covers_all(self) -> bool:
        return ALL in (self["servers"].value() or ())
