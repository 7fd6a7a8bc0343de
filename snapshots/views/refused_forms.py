"""A form that is shown again: its status, the refusal at its field, and the hidden fields of the next attempt."""

from typing import Final

from django.forms import Form

from snapshots.views.texts.names import name_problem
from snapshots.views.texts.refusals import refusal_status, refusal_words

UNPROCESSABLE: Final = 422
INCOMPLETE: Final = "incomplete"
"""The code of a form with invalid fields."""
FIELDS_OF_CODES: Final = {
    "bad_name": "name",
    "bad_grace": "days",
    "bad_receiver": "receiver",
    "lock_ended": "until",
    "freeze_end": "until",
    "count_mismatch": "typed_count",
    "name_mismatch": "typed_name",
    "reason_missing": "reason",
}


def status_of(code: str) -> int:
    """The status of a page that shows a form; `code` says why nothing was begun, '' if nothing was tried."""
    if not code:
        return 200
    return UNPROCESSABLE if code == INCOMPLETE else refusal_status(code)


def refuse_beside_field(form: Form, code: str) -> None:
    """Show a refusal at the field that it is about, if the form has it."""
    field = FIELDS_OF_CODES.get(code)
    if field in form.fields:
        words = refusal_words(code)
        problem = name_problem(str(form.data.get("name", "")).strip()) if code == "bad_name" else ""
        form.add_error(field, problem or str(words.advice or words.meaning))


def put(form: Form, **values: str) -> None:
    """Set hidden fields of the rendered form; what was typed stays."""
    if not form.is_bound:
        form.initial.update(values)
        return
    form.data = form.data.copy()  # type: ignore[attr-defined]
    for name, value in values.items():
        form.data[form.add_prefix(name)] = value  # type: ignore[index]
