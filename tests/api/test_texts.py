"""Texts in bodies that a database or a log cannot hold as they are."""

import pytest

from snapshots.api.endpoints.documents import document
from snapshots.audit.models import Entry
from snapshots.contract import NAME_MAX_LENGTH, is_valid_name
from snapshots.operations.models import Operation
from tests.support.api import Script, script_of

pytestmark = pytest.mark.django_db


def create(script: Script, server_id: int, escaped: str):
    """With this text, escaped as in JSON, as description and reason."""
    return script.client.post(
        "/api/v1/snapshots/",
        f'{{"server_id": {server_id}, "name": "x", "description": "{escaped}", "reason": "{escaped}"}}',
        content_type="application/json",
        headers={"Authorization": f"Bearer {script.secret}"},
    )


@pytest.mark.parametrize("escaped", [r"a\u0000b", r"a\ud800b"])
def test_a_nul_and_half_of_a_letter_are_refused(desk, escaped):
    answer = create(script_of(desk), desk.server().server_id, escaped)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert not Operation.objects.exists()


@pytest.mark.parametrize(
    ("escaped", "logged"),
    [(r"a\nb", "a\nb"), ("ä ✓ 😀", "ä ✓ 😀"), (r"a\u202eb", "a\N{REPLACEMENT CHARACTER}b")],
)
def test_other_letters_are_kept_and_those_that_turn_the_text_around_are_not(desk, escaped, logged):
    assert create(script_of(desk), desk.server().server_id, escaped).status_code == 201
    reasons = {entry.reason for entry in Entry.objects.filter(action="snapshot.create")}
    assert reasons == {logged}


def test_the_document_describes_names_as_the_rules_check_them():
    schema = document("/")["components"]["schemas"]["CreateBody"]["properties"]["name"]
    assert (schema["pattern"], schema["maxLength"]) == ("^[A-Za-z0-9_-]+$", NAME_MAX_LENGTH)
    assert is_valid_name("a" * schema["maxLength"])
    assert not is_valid_name("a" * (schema["maxLength"] + 1))
