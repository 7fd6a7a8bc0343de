"""What the pages of reviews say of damage, and which place and which rows they keep from page to page."""

import re
import uuid

import pytest
from django.db import connection
from django.urls import reverse

from snapshots.audit import journal
from snapshots.reviews import content
from snapshots.reviews.models import Verdict
from tests.support.actors import actor_of
from tests.support.audit_rows import fill_log
from tests.support.audit_triggers import without_triggers
from tests.support.reviews import ENTRIES, HTMX, LIST, SIGN, current, mark_url, marked, signed

pytestmark = pytest.mark.django_db(transaction=True)


def test_forged_rows_are_not_called_those_that_were_signed(cast, aron):
    fill_log(300)
    signed(cast.ada, last=101)
    review = signed(cast.aron, last=270)
    url = reverse("review_detail", args=[review.pk])
    assert "are those that were signed" in aron.get(url).text
    with without_triggers(), connection.cursor() as cursor:
        cursor.execute("UPDATE audit_entry SET reason = 'forged' WHERE sequence = 150")
    page = aron.get(url).text
    assert "The rows are not those that were signed" in page
    assert ">are those that were signed" not in page
    assert aron.get(reverse(LIST)).text.count("The rows are not those that were signed") == 1


def test_a_review_of_which_only_the_stored_tree_was_compared_says_so(cast, aron, monkeypatch):
    review = signed(cast.aron)
    monkeypatch.setattr(content.content_of, "__defaults__", (0,))
    page = aron.get(reverse("review_detail", args=[review.pk])).text
    assert "The stored tree is the one that was signed" in page
    assert "are those that were signed" not in page


def test_the_list_names_the_row_that_did_not_verify(cast, aron):
    with without_triggers(), connection.cursor() as cursor:
        cursor.execute("UPDATE audit_entry SET reason = 'nothing' WHERE sequence = 2")
    signed(cast.aron, damaged=2)
    assert "Row 2 did not verify when this was signed" in aron.get(reverse(LIST)).text


def typed_last(page: str) -> str:
    return re.search(r'name="last" value="(\d+)"', page)[1]


def test_who_comes_second_keeps_the_last_row_that_they_typed(cast, rows, aron):
    signed(cast.ada, last=1)
    answer = aron.post(reverse(SIGN), {"first": "1", "last": "3"})
    assert "Somebody else has signed rows meanwhile" in answer.text
    assert typed_last(answer.text) == "3"
    signed(cast.ada, last=4)
    assert typed_last(aron.post(reverse(SIGN), {"first": "2", "last": "3"}).text) == "7"


@pytest.mark.parametrize("page", [LIST, ENTRIES])
def test_rows_that_the_page_before_did_not_show_are_not_offered_for_signing(cast, rows, aron, page):
    link = re.search(rf'href="({reverse(SIGN)}[^"]*)"', aron.get(reverse(page)).text)[1]
    journal.record(actor_of(cast.mia).entry(action="team.change"))
    assert typed_last(aron.get(link).text) == "4"


@pytest.mark.parametrize("last", ["", "x", "0", "2", "6", "9" * 30])
def test_a_last_row_in_the_address_that_cannot_be_signed_is_not_offered(cast, rows, aron, last):
    signed(cast.ada, last=2)
    assert typed_last(aron.get(reverse(SIGN), {"last": last}).text) == "5"


@pytest.mark.parametrize("place", ["", "show=everything&before=9"])
def test_a_mark_that_was_refused_without_javascript_leads_back_to_the_list_too(cast, rows, aron, place):
    listed = reverse(ENTRIES) + (f"?{place}" if place else "")
    sent = {"verdict": "finding", "note": "", "next": f"{place}&x=1" if place else ""}
    page = aron.post(mark_url(rows.of_mia), sent).text.replace("&amp;", "&")
    assert f'href="{listed}"' in page
    kept = re.search(r'name="next" value="([^"]*)"', page)[1]
    answer = aron.post(mark_url(rows.of_mia), {"verdict": "finding", "note": "No reason", "next": kept})
    assert answer["Location"] == f"{listed}#row-1"


def test_a_mark_from_the_page_of_the_entry_leads_back_there(cast, rows, aron):
    assert 'name="next"' not in aron.get(mark_url(rows.of_mia)).text
    answer = aron.post(mark_url(rows.of_mia), {"verdict": "fine"})
    assert answer["Location"] == reverse("entry_detail", args=[1])


def test_what_one_did_has_no_link_to_mark_it(cast, rows, aron):
    own = aron.get(reverse("entry_detail", args=[rows.of_aron.sequence])).text
    assert mark_url(rows.of_aron) not in own
    assert "You had a part in this yourself" in own
    assert mark_url(rows.of_mia) in aron.get(reverse("entry_detail", args=[1])).text


def test_a_question_about_an_operation_that_went_on_is_shown_until_it_is_settled(cast, aron):
    number = uuid.uuid4()
    with journal.committed():
        intent = journal.intend(actor_of(cast.mia).entry(action="snapshot.create", operation_id=number))
    marked(cast.ada, intent, Verdict.QUESTION, "Why now?")
    ending = actor_of(cast.mia).entry(action="snapshot.create", operation_id=number, result="failed")
    with journal.committed():
        end = journal.conclude(ending)
    page = aron.get(reverse(ENTRIES)).text
    assert page.count("Why now?") == 1
    assert f'name="row" value="{end.sequence}"' not in page
    seen = re.search(r'name="seen" value="(\d+)"', aron.get(mark_url(end)).text)
    shown = aron.post(mark_url(end), {"verdict": "fine", "seen": seen[1]}, headers=HTMX).text
    assert "Why now?" not in shown
    assert current(end).verdict == Verdict.FINE


def test_a_signature_says_how_many_rows_had_no_mark(cast, rows, aron):
    marked(cast.ada, rows.of_mia)
    marked(cast.aron, rows.of_omar, Verdict.FINDING, "No reason")
    words = "Fine: 1, questions: 0, findings: 1, rows without a mark: 3"
    assert words in aron.get(reverse(SIGN)).text
    review = signed(cast.aron)
    marked(cast.ada, rows.of_nobody)
    for url in (reverse(LIST), reverse("review_detail", args=[review.pk])):
        assert words in aron.get(url).text
