"""Answers a question. Only who was asked may, until the question is settled."""

from typing import Final

from django.utils import timezone

from snapshots import contract
from snapshots.audit import journal
from snapshots.audit.journal import Actor, EntryData
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.guard import refusals_recorded
from snapshots.operations.rights import check_person
from snapshots.reviews.models import Answer, Question
from snapshots.reviews.statements import ASKED_BY

ANSWER_MAX_LENGTH: Final = 1000
MOST_ANSWERS: Final = 20


def answer(*, actor: Actor, pk: int, text: str) -> Answer:
    """The same text again, as from a form that was sent twice, is one answer.

    Raises OperationRefusedError (reason_missing, review_not_asked, review_settled, too_many_answers,
    not_allowed_any_more), JournalUnavailableError.
    """
    text = contract.clean_reason(text, ANSWER_MAX_LENGTH)
    with refusals_recorded(lambda: _entry(actor, pk, text)), journal.alone():
        person = check_person(actor.id, ())
        question = Question.objects.filter(pk=pk).first()
        if question is None or question.asked_id != actor.id or not person.is_active:
            raise OperationRefusedError("review_not_asked")
        given = list(question.answers.all())
        if given and given[-1].text == text:
            return given[-1]
        _check(question, given, text)
        row = journal.record(_entry(actor, pk, text, question))
        Question.objects.filter(pk=pk).update(is_answered=True)
        return Answer.objects.create(
            answered_in=row.sequence,
            question=question,
            person_id=question.asked_id,
            text=text,
            at=timezone.now(),
        )


def _check(question: Question, given: list[Answer], text: str) -> None:
    """Raises OperationRefusedError."""
    if not text:
        raise OperationRefusedError("reason_missing")
    if not question.is_open:
        raise OperationRefusedError("review_settled")
    if len(given) >= MOST_ANSWERS:
        raise OperationRefusedError("too_many_answers")


def _entry(actor: Actor, pk: int, text: str, question: Question | None = None) -> EntryData:
    """The evidence is about who asked, who is told of it."""
    if question is None:
        return actor.entry(action="review.answer", target=str(pk), reason=text)
    return actor.entry(
        action="review.answer",
        target=str(pk),
        reason=text,
        evidence=ASKED_BY.said(person=question.asker_id, row=question.sequence),
        evidence_person_id=question.asker_id,
    )
