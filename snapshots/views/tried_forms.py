"""A form whose step is tried, and what the page says when it is refused: locks, freezes and approval policies."""

from collections.abc import Callable

from django.forms import Form
from django.http import HttpRequest

from snapshots.operations.errors import OperationRefusedError
from snapshots.views.access import raise_if_rights_changed
from snapshots.views.refused_forms import INCOMPLETE, refuse_beside_field
from snapshots.views.texts.base import Words
from snapshots.views.texts.refusals import refusal_words


def try_form(request: HttpRequest, form: Form, permission: str, run: Callable[[], object]) -> str:
    """Run it if the form is valid. '' if it was done, else the code of its refusal, which is shown at its field if it has one.

    Raises RightsChangedError if the person has lost the permission meanwhile.
    """
    if not form.is_valid():
        return INCOMPLETE
    try:
        run()
    except OperationRefusedError as error:
        raise_if_rights_changed(request, error, permission)
        refuse_beside_field(form, error.code)
        return error.code
    return ""


def shown_refusal(form: Form | None, code: str) -> Words | None:
    """The banner of a refusal that is shown at no field of the form."""
    return refusal_words(code) if code and code != INCOMPLETE and not (form and form.errors) else None
