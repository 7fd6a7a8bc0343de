"""Entries of the log with their marks, questions and answers, prepared for templates."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser

from snapshots.audit.models import Entry
from snapshots.reviews import queries, rows
from snapshots.reviews.models import REVIEW, Answer, Mark, Question, Review
from snapshots.reviews.rows import Addressee
from snapshots.views.entry_lines import EntryLine
from snapshots.views.forms.reviews import MarkForm
from snapshots.views.marks import names_of_people
from snapshots.views.roster import Roster
from snapshots.views.texts.base import Badge, Words
from snapshots.views.texts.reviews import MARK_BADGES, WHY_NOBODY

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


@dataclass(frozen=True)
class ShownMark:
    mark: Mark
    person: str

    @property
    def badge(self) -> Badge:
        return MARK_BADGES[self.mark.verdict]


@dataclass(frozen=True)
class ShownQuestion:
    """With its answers, each with the name of who gave it. `is_gone`: nobody can answer any more."""

    question: Question
    asker: str
    asked: str
    answers: list[tuple[Answer, str]]
    is_gone: bool


@dataclass(frozen=True)
class ReviewLine:
    """`mark`: the current one, of this row or of an earlier one of the operation. `is_own`: the reader had a part in it."""

    line: EntryLine
    mark: ShownMark | None
    addressee: Addressee
    is_own: bool
    questions: list[ShownQuestion] = field(default_factory=list)
    form: MarkForm | None = None
    refusal: Words | None = None
    is_open: bool = False

    @property
    def entry(self) -> Entry:
        return self.line.entry

    @property
    def seen(self) -> str:
        """The mark that is shown, for the form."""
        return str(self.mark.mark.pk) if self.mark else ""

    @property
    def went_on(self) -> bool:
        """Whether the mark is of an earlier row: the operation went on."""
        return self.mark is not None and self.mark.mark.sequence != self.entry.sequence

    @property
    def is_marked(self) -> bool:
        return self.mark is not None and not self.went_on

    @property
    def why_nobody(self) -> "StrPromise | str":
        return WHY_NOBODY.get(self.addressee.problem, "")


def review_lines(entries: Iterable[Entry], person_id: int) -> list[ReviewLine]:
    """`person_id`: who reads."""
    entries = list(entries)
    marks, own = queries.current_marks(entries), rows.own_among(entries, person_id)
    addressees, names = rows.addressees(entries), Roster.load().names(entries)
    people = names_of_people(one.person_id for one in marks.values())
    asked = queries.open_questions_about(entries)
    shown = {one.question.pk: one for one in shown_questions(chain.from_iterable(asked.values()))}
    return [
        ReviewLine(
            line=EntryLine(entry, names[entry.sequence]),
            mark=_shown(marks.get(entry.sequence), people),
            addressee=addressees[entry.sequence],
            is_own=entry.sequence in own,
            questions=[shown[one.pk] for one in asked.get(entry.sequence, [])],
        )
        for entry in entries
    ]


def _shown(mark: Mark | None, people: dict[int, str]) -> ShownMark | None:
    return ShownMark(mark, people.get(mark.person_id, "")) if mark else None


def shown_questions(questions: Iterable[Question]) -> list[ShownQuestion]:
    questions = list(questions)
    gone = rows.gone_among(one.asked_id for one in questions if one.is_open)
    people = names_of_people(number for one in questions for number in (one.asker_id, one.asked_id))
    return [
        ShownQuestion(
            question=one,
            asker=people.get(one.asker_id, ""),
            asked=people.get(one.asked_id, ""),
            is_gone=one.is_open and one.asked_id in gone,
            answers=[(answer, people.get(answer.person_id, "")) for answer in one.answers.all()],
        )
        for one in questions
    ]


def entry_reviews(user: AbstractBaseUser | AnonymousUser, entries: list[Entry]) -> dict[str, Any]:
    """Context of reviews/_of_entry.html, on the page of an entry with these rows, for those who may review."""
    if not user.has_perm(REVIEW):  # type: ignore[union-attr]
        return {}
    sequences = [one.sequence for one in entries]
    marks = queries.marks_of(sequences)
    people = names_of_people(one.person_id for one in marks)
    ends = (queries.covering(sequence) for sequence in {sequences[0], sequences[-1]})
    reviews: dict[int, Review] = {one.pk: one for one in ends if one}
    signers = names_of_people(one.person_id for one in reviews.values())
    return {
        "reviewer_marks": [ShownMark(one, people.get(one.person_id, "")) for one in marks],
        "reviewer_questions": shown_questions(queries.questions_about(sequences)),
        "reviews": [(one, signers.get(one.person_id, "")) for one in reviews.values()],
        "is_own": bool(rows.own_among(entries, user.pk or 0)),
        "may_review": True,
    }
