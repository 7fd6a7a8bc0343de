"""The field in which a form asks why. Its text goes into the audit log."""

from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from snapshots.contract import clean_reason

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

REASON_MAX_LENGTH: Final = 1000
_LABEL: Final = _("Reason")
_HELP: Final = _("Recorded in the audit log with your name.")
_MISSING: Final = _("Enter a reason: it is recorded in the audit log.")


class ReasonField(forms.CharField):
    """`rows`: 1 for a field of one line. A text of which nothing can be seen is none."""

    def __init__(
        self,
        *,
        required: bool,
        rows: int = 2,
        max_length: int = REASON_MAX_LENGTH,
        label: "StrPromise" = _LABEL,
        help_text: "StrPromise" = _HELP,
        missing: "StrPromise" = _MISSING,
    ) -> None:
        super().__init__(
            required=required,
            max_length=max_length,
            label=label,
            help_text=help_text,
            widget=forms.Textarea(attrs={"rows": rows}) if rows > 1 else forms.TextInput,
            error_messages={"required": missing},
        )

    def to_python(self, value: Any) -> str:
        return clean_reason(super().to_python(value) or "")
