"""Answers to questions: by who was asked alone."""

from functools import partial

import pytest

from snapportal.accounts.models import User
from snapshots.reviews import answering, queries
from snapshots.reviews.models import Answer, Verdict
from tests.support.actors import actor_of
from tests.support.reviews import code_of, marked, newest

pytestmark = pytest.mark.django_db(transaction=True)


def give(person, question, text="The disk was full"):
    return answering.answer(actor=actor_of(person), pk=question.sequence, text=text)


def test_an_answer_is_a_row_of_the_log(cast, question):
    assert queries.waiting_for(cast.mia.pk) == 1
    one = give(cast.mia, question)
    row = newest()
    assert (row.action, row.target, row.reason) == (
        "review.answer",
        str(question.sequence),
        "The disk was full",
    )
    assert (row.sequence, row.actor_id) == (one.answered_in, cast.mia.pk)
    assert f"asked by person {cast.aron.pk} about row 1" in row.full_evidence
    assert queries.waiting_for(cast.mia.pk) == 0
    assert [one.is_answered for one in queries.open_questions()] == [True]


@pytest.mark.parametrize("name", ["omar", "aron", "ada"])
def test_nobody_answers_for_another_person(cast, question, name):
    assert code_of(partial(give, getattr(cast, name), question)) == "review_not_asked"
    assert (newest().action, newest().result) == ("review.answer", "refused")
    assert not Answer.objects.exists()


def test_a_deactivated_person_does_not_answer(cast, question):
    User.objects.filter(pk=cast.mia.pk).update(is_active=False)
    assert code_of(partial(give, cast.mia, question)) == "review_not_asked"


def test_the_same_answer_twice_is_one_and_another_one_is_another(cast, question):
    assert give(cast.mia, question) == give(cast.mia, question)
    give(cast.mia, question, "And the shop was closed")
    assert [one.text for one in Answer.objects.all()] == ["The disk was full", "And the shop was closed"]


def test_an_empty_answer_is_none(cast, question):
    assert code_of(partial(give, cast.mia, question, " \u200b ")) == "reason_missing"


def test_what_is_settled_is_not_answered_any_more(cast, rows, question):
    marked(cast.aron, rows.of_mia, Verdict.FINDING, "No answer came")
    assert code_of(partial(give, cast.mia, question)) == "review_settled"
    assert queries.waiting_for(cast.mia.pk) == 0


def test_a_question_takes_so_many_answers(cast, question):
    for number in range(answering.MOST_ANSWERS):
        give(cast.mia, question, f"answer {number}")
    assert code_of(partial(give, cast.mia, question, "one more")) == "too_many_answers"


def test_an_unknown_question_has_no_answer(cast, rows):
    call = partial(answering.answer, actor=actor_of(cast.mia), pk=1, text="hello")
    assert code_of(call) == "review_not_asked"
