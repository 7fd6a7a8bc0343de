"""Whoever signs or marks at the same moment: no gap, no overlap. tests/site/test_postgres.py runs it on PostgreSQL too."""

from functools import partial

import pytest

from snapportal.accounts.models import Role, User
from snapshots.audit.models import Entry
from snapshots.reviews import answering, marking, signing
from snapshots.reviews.models import Answer, Mark, Review, Verdict
from snapshots.reviews.signing import Wish
from tests.support.actors import actor_of
from tests.support.rendezvous import at_once
from tests.support.reviews import code_of, current, signed, wish

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def auditors(cast) -> list[User]:
    fields = {"password": None, "role": Role.AUDITOR, "rights_since": cast.mia.rights_since}
    return [User.objects.create_user(username=f"a{n}", name=f"A{n}", **fields) for n in range(12)]


def sign(person: User, asked: Wish):
    return partial(code_of, partial(signing.sign, actor=actor_of(person), wish=asked))


def test_of_twelve_who_sign_the_same_rows_at_once_one_does(rows, auditors):
    results = at_once([sign(one, wish()) for one in auditors])
    assert sorted(results) == ["", *11 * ["review_moved"]]
    assert Review.objects.count() == 1
    signatures = Entry.objects.filter(action="review.sign")
    assert sorted(signatures.values_list("result", flat=True)) == ["completed", *11 * ["refused"]]


def test_one_person_who_sends_the_form_twelve_times_at_once_signs_once(rows, auditors):
    assert at_once(12 * [sign(auditors[0], wish())]) == 12 * [""]
    assert Entry.objects.filter(action="review.sign").count() == Review.objects.count() == 1


def test_whatever_is_signed_at_once_the_reviews_have_no_gap_and_no_overlap(rows, auditors):
    def sign_some(person: User, step: int) -> None:
        for _attempt in range(4):
            asked = wish()
            code_of(partial(signed, person, last=min(asked.last, asked.first + step)))

    at_once([partial(sign_some, one, step) for step, one in enumerate(auditors[:5])])
    found = list(Review.objects.order_by("first"))
    assert len(found) > 4
    assert [one.first for one in found] == [1, *(one.last + 1 for one in found[:-1])]


def test_of_twelve_who_mark_a_row_at_once_one_does(rows, auditors):
    marks = [
        partial(
            code_of,
            partial(
                marking.mark,
                actor=actor_of(one),
                entry=rows.of_mia,
                verdict=Verdict.FINDING,
                note="No reason",
            ),
        )
        for one in auditors
    ]
    assert sorted(at_once(marks)) == ["", *11 * ["review_mark_changed"]]
    assert Mark.objects.count() == 1


def test_many_are_marked_as_fine_once_by_whoever_is_first(rows, auditors):
    calls = [partial(marking.mark_fine, actor=actor_of(one), sequences=[1, 2, 3, 4]) for one in auditors[:6]]
    assert sorted(at_once(calls)) == [0, 0, 0, 0, 0, 4]
    assert Mark.objects.filter(is_current=True).count() == Mark.objects.count() == 4


def test_the_same_answer_twelve_times_at_once_is_one(cast, question):
    send = partial(answering.answer, actor=actor_of(cast.mia), pk=question.sequence, text="The disk was full")
    at_once(12 * [send])
    assert Answer.objects.count() == Entry.objects.filter(action="review.answer").count() == 1


def test_a_mark_at_the_moment_of_a_signature_is_counted_or_comes_after_it(cast, rows, auditors):
    mark = partial(marking.mark, actor=actor_of(auditors[0]), entry=rows.of_mia, verdict=Verdict.FINE)
    at_once([partial(code_of, mark), sign(auditors[1], wish())])
    is_later = current(rows.of_mia).recorded_in is not None
    assert Review.objects.get().fine == (0 if is_later else 1)
