"""The export page gives a file only as its forms ask for it."""

import json

import pytest
from django.urls import reverse

from snapshots.audit.models import Entry
from tests.support.audit_rows import write_events

pytestmark = pytest.mark.django_db


@pytest.fixture
def auditor(cast, signed_in):
    return signed_in(cast.aron)


@pytest.mark.parametrize(
    "form",
    [
        {"format": "json", "choose": "1", "column": ["reason", "salt"]},
        {"format": "csv", "choose": "1", "column": ["reason"]},
        {"format": "csv", "choose": "1"},
        {"format": "json", "column": ["reason"]},
        {"format": "csv", "column": ["reason"]},
    ],
)
def test_an_export_that_no_form_asks_for_is_refused_and_not_recorded(auditor, form):
    """A file with all columns must not be the answer to a request for some."""
    assert auditor.post(reverse("entry_export"), form).status_code == 400
    assert not Entry.objects.filter(action="audit.export").exists()


@pytest.mark.parametrize("columns", [[], ["reason", "actor_subject"]])
def test_a_redacted_export_opens_exactly_the_chosen_columns(auditor, columns):
    write_events(1)
    form = {"format": "json", "choose": "1", "column": columns}
    file = b"".join(auditor.post(reverse("entry_export"), form).streaming_content)
    header, *rest = map(json.loads, file.splitlines())
    assert header["columns"] == sorted(columns)
    assert all(set(line["open"]) <= set(columns) for line in rest if line["type"] == "row")
