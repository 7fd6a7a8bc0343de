"""Signed reviews: what they cover, what they are bound to, and what is refused."""

from functools import partial

import pytest
from django.db import connection

from snapshots.audit import journal, tiles
from snapshots.audit.models import Entry
from snapshots.reviews import content, queries, signing
from snapshots.reviews.content import Content, content_of
from snapshots.reviews.models import Review, Verdict
from snapshots.reviews.signing import Wish
from tests.support.actors import actor_of
from tests.support.audit_rows import fill_log
from tests.support.audit_triggers import without_triggers
from tests.support.reviews import code_of, marked, newest, signed, wish

pytestmark = pytest.mark.django_db(transaction=True)


def send(person, asked: Wish):
    return partial(signing.sign, actor=actor_of(person), wish=asked)


def test_a_signature_is_a_row_that_names_the_rows_their_marks_and_their_content(cast, rows):
    marked(cast.ada, rows.of_mia, Verdict.FINDING, "No reason")
    marked(cast.aron, rows.of_omar)
    review = signed(cast.aron, last=4, statement="Weekly review")
    row = newest()
    assert (row.action, row.target, row.reason) == ("review.sign", "1–4", "Weekly review")
    assert row.sequence == review.signed_in
    assert "marked fine 1, question 0, finding 1" in row.evidence
    assert "rows by whoever signed: 1" in row.evidence
    assert f"the last row's hash is {rows.of_nobody.hash}" in row.evidence
    assert f"the root of the tree up to it is {tiles.read_root(4).hex()}" in row.evidence
    assert "all rows verified from row 1 on" in row.evidence
    assert (review.fine, review.findings, review.own_rows, review.verified_from) == (1, 1, 1, 1)


def test_the_next_review_begins_behind_it(cast, rows):
    signed(cast.aron, last=2)
    assert queries.unreviewed() == queries.Unreviewed(3, 5)
    assert queries.unreviewed().count == 3
    second = signed(cast.ada)
    assert (second.first, second.last) == (3, 5)
    assert [str(one) for one in Review.objects.all()] == ["rows 3–5", "rows 1–2"]


def test_rows_appended_after_the_page_was_shown_are_not_signed(cast, rows):
    asked = wish()
    journal.record(actor_of(cast.mia).entry(action="team.change"))
    assert send(cast.aron, asked)().last == 4
    assert queries.unreviewed().first == 5


@pytest.mark.parametrize("last", [-1, 0, 5, 2**63 - 1])
def test_nothing_is_signed_beyond_the_newest_row(cast, rows, last):
    assert code_of(send(cast.aron, Wish(1, last))) == "review_beyond"
    assert (newest().action, newest().result, newest().code) == ("review.sign", "refused", "review_beyond")
    assert not Review.objects.exists()


@pytest.mark.parametrize("first", [0, 2, 3])
def test_no_row_is_left_out_and_none_is_signed_twice(cast, rows, first):
    assert code_of(send(cast.aron, Wish(first, 4))) == "review_moved"
    signed(cast.ada, last=2)
    assert code_of(send(cast.aron, Wish(1, 2))) == "review_moved"
    assert Review.objects.count() == 1


def test_the_same_form_twice_is_one_review(cast, rows):
    asked = wish()
    assert send(cast.aron, asked)() == send(cast.aron, asked)()
    assert Entry.objects.filter(action="review.sign").count() == 1


def test_only_people_who_may_review_sign(cast, rows):
    assert code_of(send(cast.mia, wish())) == "not_allowed_any_more"
    assert (newest().action, newest().result) == ("review.sign", "refused")


def test_open_questions_stay_open_and_are_named(cast, rows, question):
    review = signed(cast.aron)
    assert "1 open question, about row 1" in newest().evidence
    assert review.open_questions == 1
    assert [one.sequence for one in queries.open_questions()] == [1]


def test_a_changed_row_is_not_signed_unknowingly(cast, rows):
    with without_triggers(), connection.cursor() as cursor:
        cursor.execute("UPDATE audit_entry SET reason = 'nothing' WHERE sequence = 2")
    assert code_of(send(cast.aron, wish())) == "review_damaged"
    assert code_of(send(cast.aron, wish(last=4, damaged=3))) == "review_damaged"
    review = signed(cast.aron, last=4, damaged=2)
    assert review.damaged_row == 2
    assert "row 2 does not verify, as whoever signed knew" in newest().evidence


def test_damage_behind_the_last_row_is_not_of_this_review(cast, rows):
    with without_triggers(), connection.cursor() as cursor:
        cursor.execute("UPDATE audit_entry SET reason = 'nothing' WHERE sequence = 3")
    assert signed(cast.aron, last=2).damaged_row is None


def test_damage_that_is_not_there_is_not_accepted(cast, rows):
    assert code_of(send(cast.aron, wish(damaged=2))) == "review_damaged"


def test_too_many_rows_are_not_verified_and_the_row_says_so(cast, rows, monkeypatch):
    monkeypatch.setattr(signing, "MOST_VERIFIED", 3)
    assert signed(cast.aron).verified_from is None
    assert "not verified when it was signed" in newest().evidence


def test_a_signature_holds_while_the_rows_are_those_that_were_signed(cast, rows):
    review = signed(cast.aron, last=2)
    assert content_of(review) is Content.SIGNED
    with without_triggers(), connection.cursor() as cursor:
        cursor.execute("UPDATE audit_entry SET reason = 'nothing' WHERE sequence = 2")
    assert content_of(review) is Content.CHANGED


def forge(sequence: int) -> None:
    with without_triggers(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE audit_entry SET reason = 'forged', result = 'failed' WHERE sequence = %s", [sequence]
        )


@pytest.mark.parametrize("forged", [102, 150, 256, 257, 600])
def test_a_changed_row_is_found_although_the_stored_tree_is_the_one_that_was_signed(cast, forged):
    fill_log(700)
    signed(cast.ada, last=101)
    review = signed(cast.aron, last=600)
    assert content_of(review) is Content.SIGNED
    forge(forged)
    assert content_of(review) is Content.CHANGED


def test_a_removed_row_is_found(cast):
    fill_log(300)
    review = signed(cast.aron, last=280)
    with without_triggers(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_entry WHERE sequence = 17")
    assert content_of(review) is Content.CHANGED


def test_of_more_rows_than_are_read_only_the_stored_tree_is_compared(cast, monkeypatch):
    fill_log(600)
    old, new = signed(cast.ada, last=300), signed(cast.aron, last=600)
    monkeypatch.setattr(content, "MOST_READ", 500)
    assert content.contents_of([new, old]) == {new.pk: Content.SIGNED, old.pk: Content.STORED}
    assert content_of(old, 299) is Content.STORED
    Review.objects.filter(pk=old.pk).update(root="0" * 64)
    old.refresh_from_db()
    assert content_of(old, 299) is Content.CHANGED


def test_a_review_that_the_log_has_no_row_of_counts_for_nothing(cast, rows):
    review = signed(cast.aron, last=2)
    Review.objects.filter(pk=review.pk).update(last=3)
    assert queries.signed_until() == 0
    Review.objects.filter(pk=review.pk).update(last=2, root="0" * 64)
    assert queries.signed_until() == 0
    Review.objects.filter(pk=review.pk).update(root=review.root)
    assert queries.signed_until() == 2


def test_the_review_of_a_row_is_found(cast, rows):
    review = signed(cast.aron, last=2)
    assert queries.covering(2) == review
    assert queries.covering(3) is None
