"""What forms have in common that ask for a number of days for one server, and for a reason."""

from collections.abc import Callable, Iterable

from django import forms
from django.utils.translation import gettext_lazy as _

from snapshots.views.forms.reasons import ReasonField


class ServerDaysForm(forms.Form):
    """A number of days for one server; no choice stands for that of the setting. Subclasses have the field `days`."""

    reason = ReasonField(required=False)
    field_order = ("days", "reason")

    def offer(self, days: Iterable[int], *, default: int, text: Callable[[int], str]) -> None:
        """Set the choices. `default` is the setting's number, `text` says a number in words."""
        choices = [(str(number), text(number)) for number in days]
        first = ("", _("As set for all servers (%s)") % text(default))
        self.fields["days"].choices = [first, *choices]  # type: ignore[attr-defined]
