"""Texts of the log in the reader's language: values stay, the signed text is beside it, what cannot be read stays English."""

import csv
import io
from datetime import UTC, datetime
from html import unescape

import pytest
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.html import strip_tags

from snapshots.audit import erasure, export, journal
from snapshots.audit.journal import Actor
from snapshots.audit.models import Entry
from snapshots.audit.wording import kinds
from snapshots.audit.wording.shared import DUE, ROLE_ONLY
from snapshots.audit.wording.statements import joined
from snapshots.jobs.statements import STEPS_COMPLETED
from snapshots.observations.statements import RESIZED
from snapshots.operations.models import Operation, State
from snapshots.operations.statements import ASKED_FOR_BY, FOUND, LISTED_AS, LOCKED_UNTIL
from snapshots.views.texts import statements
from snapshots.views.texts.statements import evidence_html, signed_if_other
from tests.support.evidence import open_operation
from tests.support.pseudo import plain

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 10, 30, 15, tzinfo=UTC)
SENTENCE = FOUND.said(id=9001, name="lost & found", status="completed", created_at=AT)
NOBODY = Actor(id=None, name="", role="", channel="evidence")


@pytest.fixture
def auditor(cast, signed_in):
    return signed_in(cast.aron)


def write(evidence: str, action: str = "snapshot.create", **fields) -> Entry:
    with journal.committed():
        return journal.record(NOBODY.entry(action=action, result="completed", evidence=evidence, **fields))


def page_of(client, row: Entry) -> str:
    return client.get(reverse("entry_detail", args=[row.sequence])).text


def text_of(page: str) -> str:
    return " ".join(unescape(strip_tags(page)).split())


class TestTheEntrysPage:
    def test_says_it_in_the_readers_language_with_the_values_as_they_are(self, auditor, strange_portal):
        page = page_of(auditor, write(SENTENCE))
        assert "The provider" not in page
        assert 'translate="no">9001</bdi>' in page
        assert "<bdi>lost &amp; found</bdi>" in page
        assert "is in the provider's list as" in plain(text_of(page))

    def test_has_the_signed_text_where_it_shows_other_words(self, auditor, strange_portal):
        page = page_of(auditor, write(SENTENCE))
        signed = SENTENCE.replace("&", "&amp;").replace("'", "&#x27;")
        assert f'<p lang="en" dir="ltr" translate="no"><bdi>{signed}</bdi></p>' in page

    def test_has_no_signed_text_beside_the_same_words(self, auditor):
        page = page_of(auditor, write(LISTED_AS.said(id=3, status="ready")))
        assert "The provider lists snapshot" in page
        assert "As signed" not in page

    def test_shows_what_no_statement_says_in_english_and_says_that_it_is(self, auditor, strange_portal):
        page = page_of(auditor, write("It <b>was</b> so."))
        assert (
            '<span lang="en" dir="ltr" translate="no"><bdi>It &lt;b&gt;was&lt;/b&gt; so.</bdi></span>' in page
        )
        assert plain("As signed") not in plain(page)

    def test_still_says_that_an_evidence_was_erased(self, cast, auditor, strange_portal):
        row = write(
            ASKED_FOR_BY.said(person=7, reason="Vera"),
            "person.change_details",
            evidence_person_id=cast.vera.pk,
        )
        with journal.committed():
            erasure.erase_person(actor=NOBODY, person_id=cast.vera.pk, names=["Vera"], reason="left")
        page = page_of(auditor, row)
        assert f"Erased (row {row.sequence + 1})" in plain(page)
        assert "Vera" not in page

    def test_calls_the_role_as_the_site_does(self, cast, auditor, strange_portal):
        with journal.committed():
            actor = Actor(id=cast.mia.pk, name="Mia", role="manager")
            row = journal.record(actor.entry(action="person.invite", evidence=ROLE_ONLY.said(role="viewer")))
        text = plain(text_of(page_of(auditor, row)))
        assert "(Manager)" in text
        assert "EvidenceViewer" in text.replace(" ", "")


def test_the_page_of_an_operation_says_it_in_the_readers_language(desk, cast, signed_in, strange_portal):
    operation = open_operation(desk, state=State.COMPLETED, ended_at=timezone.now())
    Operation.objects.filter(pk=operation.pk).update(evidence=LISTED_AS.said(id=9001, status="completed"))
    page = signed_in(cast.mia).get(reverse("operation_detail", args=[operation.pk])).text
    assert "The provider lists snapshot 9001 as “completed”." in plain(text_of(page))
    assert "The provider" not in page


def test_exports_have_the_english_text(auditor, strange_portal):
    write(SENTENCE)
    text = "".join(export.csv_lines(Entry.objects.numbered().rows()))
    assert SENTENCE in [value for row in csv.reader(io.StringIO(text)) for value in row]


def test_times_are_those_of_the_readers_time_zone():
    with timezone.override("Europe/Berlin"):
        html = evidence_html(
            joined([DUE.said(at=AT), FOUND.said(id=1, name="a", status="b", created_at=AT)], " ")
        )
    assert "20 Nov 2026, 11:30 CET (10:30 UTC)" in html
    assert "20 Nov 2026, 11:30:15 CET" in html
    assert signed_if_other("x", html) == "x"


def test_numbers_choose_the_plural_form_and_sizes_stay_exact():
    assert evidence_html(STEPS_COMPLETED.said(done=0, all=1)) == "0 of 1 step completed."
    said = RESIZED.said(before=5121, listed_at=AT, after=5122, read_at=AT)
    assert "5121 MB" in evidence_html(said)
    assert "5122 MB" in evidence_html(said)


def test_a_status_is_translated_if_it_is_known_and_else_as_received(strange_portal):
    for language, known in (("en", ">Completed<"), ("xx", "⟦")):
        with translation.override(language):
            assert known in evidence_html(LISTED_AS.said(id=1, status="Completed"))
            assert ">odd<" in evidence_html(LISTED_AS.said(id=1, status="odd"))


def test_markup_in_a_value_stays_text():
    html = evidence_html(ASKED_FOR_BY.said(person=1, reason="<script>%(person)s\n”"))
    assert "&lt;script&gt;%(person)s<br>”" in html


def test_what_stands_in_other_rows_only_is_english():
    text = LOCKED_UNTIL.said(until=AT)
    assert evidence_html("viewer", "snapshot.create").startswith('<span lang="en"')
    assert evidence_html("viewer", "person.add") == "Viewer"
    assert "lang" not in evidence_html(text, "server.lock")
    assert evidence_html("") == ""


def test_every_kind_of_value_is_shown():
    shown = {one.name for one in vars(kinds).values() if isinstance(one, kinds.Kind) and one.item is None}
    assert shown == set(statements._SHOWN)
