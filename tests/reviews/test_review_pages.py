"""The pages of reviews: going through entries, marking and signing, as reviewers see them."""

import re

import pytest
from django.db import connection
from django.urls import reverse

from snapshots.audit import journal
from snapshots.reviews.models import Mark, Review, Verdict
from tests.support.actors import actor_of
from tests.support.audit_triggers import without_triggers
from tests.support.reviews import ENTRIES, HTMX, LIST, SIGN, current, mark_url, marked, newest, signed

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_page_says_which_rows_nobody_has_reviewed(cast, aron):
    page = aron.get(reverse(LIST)).text
    assert "Rows 1 to 4" in page
    assert "4 rows" in page
    assert "No review was signed yet" in page
    signed(cast.aron, last=3)
    page = aron.get(reverse(LIST)).text
    assert "Rows 4 to 5" in page
    assert "1 to 3" in page
    assert "Row 5" in page


def test_the_figures_lead_to_exactly_the_entries_that_they_count(cast, aron):
    for _number in range(3):
        journal.record(actor_of(cast.mia).entry(action="access.refuse", result="refused", target="/people/"))
    page = aron.get(reverse(LIST)).text
    found = re.search(r'href="([^"]*show=refused)">Refused <strong class="num">(\d+)<', page)
    assert found and found[2] == "3"
    listed = aron.get(found[1]).text
    assert listed.count('class="review-entry"') == 3
    assert "3 entries, newest first" in listed


def test_what_matters_is_listed_first_and_everything_on_request(cast, aron):
    matters = aron.get(reverse(ENTRIES)).text
    assert matters.count('class="review-entry"') == 3
    everything = aron.get(reverse(ENTRIES), {"show": "everything"}).text
    assert everything.count('class="review-entry"') == 4
    assert aron.get(reverse(ENTRIES), {"show": "nonsense"}).status_code == 404


def test_what_is_signed_is_not_listed_any_more(cast, aron):
    signed(cast.ada, last=2)
    page = aron.get(reverse(ENTRIES), {"show": "everything"}).text
    assert 'id="row-2"' not in page
    assert 'id="row-3"' in page


def test_pages_follow_each_other_by_row(cast, aron):
    for number in range(30):
        journal.record(actor_of(cast.mia).entry(action="team.change", target=f"team {number}"))
    first = aron.get(reverse(ENTRIES), {"show": "everything"}).text
    assert first.count('class="review-entry"') == 25
    older = re.search(r'href="\?([^"]*before=\d+)"', first)
    assert older
    second = aron.get(f"{reverse(ENTRIES)}?{older[1].replace('&amp;', '&')}").text
    assert second.count('class="review-entry"') == 9
    assert "after=" in second


def test_a_mark_without_javascript_leads_back_to_the_list(cast, rows, aron):
    answer = aron.post(mark_url(rows.of_mia), {"verdict": "fine", "next": "show=everything&before=9&x=1"})
    assert answer["Location"] == f"{reverse(ENTRIES)}?show=everything&before=9#row-1"
    assert current(rows.of_mia).person_id == cast.aron.pk
    page = aron.get(reverse(ENTRIES)).text
    assert 'class="badge ok">Fine</span>' in page


def test_a_mark_with_htmx_gives_the_entry_alone(cast, rows, aron):
    answer = aron.post(
        mark_url(rows.of_mia), {"verdict": "finding", "note": "<b>No</b> reason"}, headers=HTMX
    )
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "&lt;b&gt;No&lt;/b&gt; reason" in answer.text
    assert "announce" in answer["HX-Trigger"]


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_question_without_words_is_shown_again(cast, rows, aron, headers):
    answer = aron.post(mark_url(rows.of_mia), {"verdict": "question", "note": " "}, headers=headers)
    assert answer.status_code == (200 if headers else 422)
    assert "Write what you ask or found" in answer.text
    assert not Mark.objects.exists()


def test_a_note_of_ten_thousand_characters_is_refused_and_kept_in_the_form(cast, rows, aron):
    answer = aron.post(mark_url(rows.of_mia), {"verdict": "finding", "note": "x" * 10_000})
    assert answer.status_code == 422
    assert "x" * 10_000 in answer.text
    assert not Mark.objects.exists()


def test_a_mark_that_came_meanwhile_is_shown_instead_of_being_overwritten(cast, rows, aron):
    marked(cast.ada, rows.of_mia, Verdict.FINDING, "No reason")
    answer = aron.post(mark_url(rows.of_mia), {"verdict": "fine", "seen": ""})
    assert answer.status_code == 409
    assert "Somebody else has marked this entry meanwhile" in answer.text
    assert "No reason" in answer.text
    seen = re.search(r'name="seen" value="(\d+)"', answer.text)
    assert seen
    aron.post(mark_url(rows.of_mia), {"verdict": "fine", "seen": seen[1]})
    assert current(rows.of_mia).verdict == Verdict.FINE


def test_what_one_did_has_no_form_and_is_refused(cast, rows, aron):
    assert "You had a part in this yourself" in aron.get(mark_url(rows.of_aron)).text
    assert 'name="verdict"' not in aron.get(mark_url(rows.of_aron)).text
    answer = aron.post(mark_url(rows.of_aron), {"verdict": "fine"})
    assert answer.status_code == 409
    assert not Mark.objects.exists()


def test_where_nobody_can_be_asked_the_page_says_so(cast, rows, aron):
    page = aron.get(mark_url(rows.of_nobody)).text
    assert "Nobody can be asked: no person acted" in page
    assert 'value="question"' not in page


def test_a_row_that_does_not_exist_has_no_page(cast, aron):
    for number in (0, 99, 2**63):
        assert aron.get(reverse("review_mark", args=[number])).status_code == 404
        assert aron.get(reverse("review_detail", args=[min(number, 2**62)])).status_code == 404


def test_all_others_of_a_page_are_fine_at_once(cast, rows, aron):
    marked(cast.ada, rows.of_mia, Verdict.FINDING, "No reason")
    page = aron.get(reverse(ENTRIES), {"show": "everything"}).text
    sent = re.findall(r'name="row" value="(\d+)"', page)
    assert sent == ["5", "4", "2"]  # row 5 is the finding
    answer = aron.post(
        reverse("review_fine"), {"row": [*sent, "1", "3", "x"], "next": "show=everything"}, follow=True
    )
    assert "3 entries are marked as fine" in answer.text
    assert Mark.objects.filter(verdict=Verdict.FINE).count() == 3


def test_the_form_signs_what_it_showed(cast, rows, aron):
    page = aron.get(reverse(SIGN)).text
    first = re.search(r'name="first" value="(\d+)"', page)
    last = re.search(r'name="last" value="(\d+)"', page)
    assert (first[1], last[1]) == ("1", "4")
    assert "none" in page
    journal.record(actor_of(cast.mia).entry(action="team.change"))
    answer = aron.post(reverse(SIGN), {"first": "1", "last": "4", "statement": "Weekly"})
    review = Review.objects.get()
    assert answer["Location"] == reverse("review_detail", args=[review.pk])
    assert (review.first, review.last, review.statement) == (1, 4, "Weekly")
    shown = aron.get(answer["Location"]).text
    assert "are those that were signed" in shown
    assert review.root in shown


def test_the_page_says_how_many_rows_are_ones_own(cast, rows, aron):
    page = aron.get(reverse(SIGN)).text
    assert "<strong>1</strong>: the signature says how many rows" in page


def test_open_questions_are_listed_before_signing(cast, question, aron):
    page = aron.get(reverse(SIGN)).text
    assert "They stay open, and the signature names them" in page
    assert "Why on a Sunday?" in page


def test_who_comes_second_is_shown_what_is_left(cast, aron):
    signed(cast.ada, last=3)
    answer = aron.post(reverse(SIGN), {"first": "1", "last": "4", "statement": "Mine"})
    assert answer.status_code == 409
    assert "Somebody else has signed rows meanwhile" in answer.text
    assert 'name="first" value="4"' in answer.text
    assert "Mine" in answer.text
    assert Review.objects.count() == 1


@pytest.mark.parametrize("last", ["", "x", "-1", "0", "9" * 30, "1e3"])
def test_a_row_that_is_none_is_shown_again(cast, aron, last):
    answer = aron.post(reverse(SIGN), {"first": "1", "last": last})
    assert answer.status_code == 422
    assert not Review.objects.exists()


def test_damage_is_named_and_signed_only_knowingly(cast, rows, aron):
    with without_triggers(), connection.cursor() as cursor:
        cursor.execute("UPDATE audit_entry SET reason = 'nothing' WHERE sequence = 2")
    answer = aron.post(reverse(SIGN), {"first": "1", "last": "4"})
    assert answer.status_code == 409
    assert "Row 2: " in answer.text
    assert 'name="damaged" value="2"' in answer.text
    aron.post(reverse(SIGN), {"first": "1", "last": "4", "damaged": "2"})
    assert Review.objects.get().damaged_row == 2
    assert (
        "did not verify when this was signed"
        in aron.get(reverse("review_detail", args=[newest().sequence])).text
    )


def test_a_review_that_the_log_does_not_have_is_marked(cast, rows, aron):
    review = signed(cast.ada, last=2)
    Review.objects.filter(pk=review.pk).update(last=3)
    assert "not what the log says" in aron.get(reverse(LIST)).text
    assert "The audit log does not say this" in aron.get(reverse("review_detail", args=[review.pk])).text


def test_the_review_lists_its_findings_and_questions(cast, rows, question, aron):
    marked(cast.ada, rows.of_omar, Verdict.FINDING, "No reason")
    review = signed(cast.aron)
    page = aron.get(reverse("review_detail", args=[review.pk])).text
    assert "No reason" in page
    assert "Why on a Sunday?" in page


def test_the_entry_shows_its_marks_and_its_review_to_reviewers_alone(cast, rows, question, aron):
    url = reverse("entry_detail", args=[1])
    assert "Not reviewed yet" in aron.get(url).text
    signed(cast.aron, last=2)
    page = aron.get(url).text
    assert "Reviewed by" in page
    assert "Why on a Sunday?" in page


def test_the_log_leads_to_the_reviews(aron):
    assert f'href="{reverse(LIST)}"' in aron.get(reverse("entry_list")).text
