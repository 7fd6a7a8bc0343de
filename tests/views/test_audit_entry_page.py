"""The page of an audit log entry names IDs and origins in the words of the other pages."""

import pytest
from django.urls import reverse

from snapportal.accounts.models import PERMISSIONS
from snapshots.audit import journal
from snapshots.audit.models import Entry
from snapshots.views.texts.rights import RIGHT_WORDS
from tests.support.audit_rows import MIA, write_operation
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def auditor(cast, signed_in):
    return signed_in(cast.aron)


def test_the_page_names_ids_and_origins_like_the_other_pages(auditor):
    write_operation("accepted", server_id=12345, snapshot_id=801, snapshot_name="")
    operation = Entry.objects.get(sequence=1).operation_id
    with journal.committed():
        journal.conclude(
            journal.Actor(id=None, name="", role="", channel="evidence").entry(
                action="snapshot.restore", operation_id=operation, result="completed"
            )
        )
    text = text_of(auditor.get(reverse("entry_detail", args=[1])))
    assert all(words in text for words in ("ID 12345", "ID 801", "Via The portal (evidence)"))
    assert "#" not in text


def test_a_refusal_names_the_missing_right_in_words(auditor):
    row = journal.record(MIA.entry(action="access.refuse", result="refused", code="people.manage"))
    unknown = journal.record(MIA.entry(action="access.refuse", result="refused", code="cellar.enter"))
    words = "Requires the permission “Manage people and teams”"
    assert words in text_of(auditor.get(reverse("entry_list")))
    assert words in text_of(auditor.get(reverse("entry_detail", args=[row.sequence])))
    assert "“cellar.enter”" in text_of(auditor.get(reverse("entry_detail", args=[unknown.sequence])))


def test_every_right_of_a_role_has_words():
    assert {right for rights in PERMISSIONS.values() for right in rights} == RIGHT_WORDS.keys()
