"""Which names and addresses of a row are kept as subjects, so that each person can be forgotten."""

from dataclasses import replace

import pytest

from snapshots.audit import journal, subjects
from snapshots.audit.entry_data import subjects_of
from snapshots.audit.models import Entry
from snapshots.audit.subjects import Kind, Subject
from tests.support.audit_rows import ARON_ID, MIA, MIA_ID

pytestmark = pytest.mark.django_db
CHANGE = MIA.entry(
    action="person.change_details",
    target="aron",
    target_person_id=ARON_ID,
    evidence="Aron → Aaron",
    evidence_person_id=ARON_ID,
    settled_by="Aron (auditor)",
    settled_by_id=ARON_ID,
)


def kept(column: str) -> tuple[str, int | None, str]:
    """Kind, person and value of what the newest row commits to in this column."""
    subject = Subject.objects.get(commitment=getattr(Entry.objects.latest("sequence"), column))
    return subject.kind, subject.person_id, subject.value


def test_each_name_is_kept_with_the_person_whom_it_names():
    journal.record(CHANGE)
    assert kept("actor_subject") == (Kind.PERSON, MIA_ID, "Mia")
    assert kept("settled_by_subject") == (Kind.PERSON, ARON_ID, "Aron (auditor)")
    assert kept("target_subject") == (Kind.PERSON, ARON_ID, "aron")
    assert kept("evidence_subject") == (Kind.TEXT, ARON_ID, "Aron → Aaron")
    assert kept("address_subject") == (Kind.ADDRESS, MIA_ID, "203.0.113.9")


def test_what_is_kept_as_a_subject_is_not_in_the_row_itself():
    journal.record(CHANGE)
    row = Entry.objects.values().latest("sequence")
    assert (row["target"], row["evidence"]) == ("", "")


def test_a_target_and_an_evidence_that_name_nobody_stay_in_the_row():
    journal.record(replace(CHANGE, target_person_id=None, evidence_person_id=None))
    row = Entry.objects.values().latest("sequence")
    assert (row["target"], row["evidence"]) == ("aron", "Aron → Aaron")
    assert (row["target_subject"], row["evidence_subject"]) == ("", "")


def test_the_address_of_an_unknown_sender_belongs_to_the_person_whom_the_row_is_about():
    journal.record(replace(CHANGE, address_person_id=None))
    assert kept("address_subject")[1] == ARON_ID
    journal.record(replace(CHANGE, address_person_id=None, target_person_id=None))
    assert kept("address_subject")[1] is None


def test_values_are_cleaned_and_cut():
    journal.record(CHANGE)
    moment = Entry.objects.latest("sequence").at
    found = subjects_of(replace(CHANGE, evidence="a\x00b" + "x" * 3000, settled_by="\u202eevil"), moment)
    assert found["evidence_subject"].value == ("a\ufffdb" + "x" * 3000)[: subjects.LONGEST_VALUE]
    assert found["settled_by_subject"].value == "\ufffdevil"


def test_what_is_empty_is_no_subject():
    journal.record(CHANGE)
    moment = Entry.objects.latest("sequence").at
    empty = replace(CHANGE, actor_name="", settled_by="", target="", evidence="", address="")
    assert subjects_of(empty, moment) == {}
