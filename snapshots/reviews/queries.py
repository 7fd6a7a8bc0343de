"""What is reviewed, and what the marks, questions and answers are."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from snapshots import sql
from snapshots.audit import queries
from snapshots.audit.archiving import rows as archive_rows
from snapshots.audit.models import Entry
from snapshots.reviews.models import Mark, Question, Review, Verdict

SIGN = "review.sign"
MOST_OPEN = 200
MARKS_PER_ENTRY = 100
MOST_NOTES = 200


@dataclass(frozen=True)
class Unreviewed:
    """The rows after those that were signed: `first` to `last`; `last` is below `first` if there is none."""

    first: int
    last: int

    @property
    def count(self) -> int:
        return max(0, self.last - self.first + 1)


@dataclass(frozen=True)
class Noted:
    """How many questions are open about some rows, and how many of the rows are marked as a finding."""

    open_questions: int
    findings: int


def newest_review() -> Review | None:
    """The newest that the log has a row of: one that somebody put into the database counts for nothing."""
    return next((one for one in Review.objects.all().iterator() if is_recorded(one)), None)


def signed_until() -> int:
    """The last row that a review has signed; 0 for none."""
    newest = newest_review()
    return newest.last if newest else 0


def unreviewed() -> Unreviewed:
    return Unreviewed(signed_until() + 1, queries.newest_sequence() or 0)


def is_recorded(review: Review) -> bool:
    """Whether the row of the log says what the review says. Rows that were archived are not looked up."""
    row = Entry.objects.row(review.signed_in)
    if row is None:
        return review.signed_in <= archive_rows.last_archived()
    return (row.action, row.result, row.target) == (SIGN, "completed", review.target) and (
        review.root in row.evidence
    )


def covering(sequence: int) -> Review | None:
    """The review that has signed this row."""
    found = Review.objects.filter(last__gte=sequence).order_by("last").first()
    return found if found and found.first <= sequence and is_recorded(found) else None


def current_marks(entries: Iterable[Entry]) -> dict[int, Mark]:
    """Sequence → the current mark of it; for an operation without one, the newest of a row before it."""
    entries = list(entries)
    operations = {one.operation_id: one.sequence for one in entries if one.operation_id is not None}
    condition = Q(sequence__in=[one.sequence for one in entries])
    if operations:
        condition |= Q(operation_id__in=list(operations))
    found: dict[int, Mark] = {}
    for one in Mark.objects.filter(condition, is_current=True).order_by("sequence"):
        line = operations.get(one.operation_id, one.sequence) if one.operation_id else one.sequence
        if one.sequence <= line:
            found[line] = one
    return found


def open_questions_about(entries: Iterable[Entry]) -> dict[int, list[Question]]:
    """Sequence → what is open about it, and about the rows of the same operation before it, oldest first."""
    entries = list(entries)
    lines = {one.operation_id: one.sequence for one in entries if one.operation_id is not None}
    asked = {one.sequence: one.sequence for one in entries}
    marks = Mark.objects.filter(operation_id__in=list(lines), verdict=Verdict.QUESTION, is_current=True)
    for sequence, operation in marks.values_list("sequence", "operation_id"):
        if operation is not None and sequence <= lines[operation]:
            asked[sequence] = lines[operation]
    found: dict[int, list[Question]] = {}
    questions = Question.objects.filter(sequence__in=list(asked), settled_at=None)
    for one in questions.prefetch_related("answers").order_by("asked_in"):
        found.setdefault(asked[one.sequence], []).append(one)
    return found


def marks_of(sequences: Iterable[int]) -> list[Mark]:
    """All marks of these rows, former ones too, oldest first."""
    return list(Mark.objects.filter(sequence__in=list(sequences))[:MARKS_PER_ENTRY])


def notes_in(review: Review) -> list[Mark]:
    """The present questions and findings about the rows of a review, oldest first, at most MOST_NOTES."""
    noted = [Verdict.QUESTION, Verdict.FINDING]
    found = Mark.objects.filter(is_current=True, sequence__range=(review.first, review.last))
    return list(found.filter(verdict__in=noted).order_by("sequence")[:MOST_NOTES])


def open_questions(*, until: int | None = None) -> list[Question]:
    """Of all people, newest first, at most MOST_OPEN."""
    found = Question.objects.filter(settled_at=None).prefetch_related("answers")
    return list((found if until is None else found.filter(sequence__lte=until))[:MOST_OPEN])


def noted_in(first: int, last: int) -> Noted:
    """About the rows `first` to `last`, as of now."""
    span = (first, last)
    findings = Mark.objects.filter(verdict=Verdict.FINDING, is_current=True, sequence__range=span)
    return Noted(
        open_questions=Question.objects.filter(settled_at=None, sequence__range=span).order_by().count(),
        findings=findings.order_by().count(),
    )


def questions_about(sequences: Iterable[int]) -> list[Question]:
    """All that was asked about these rows, oldest first."""
    found = Question.objects.filter(sequence__in=list(sequences)).prefetch_related("answers")
    return list(found.order_by("asked_in")[:MARKS_PER_ENTRY])


def questions_to(person_id: int) -> list[Question]:
    """What this person was asked, newest first."""
    return list(Question.objects.filter(asked_id=person_id).prefetch_related("answers")[:MOST_OPEN])


WAITING = (
    f"SELECT COUNT(*) FROM (SELECT 1 FROM {Question._meta.db_table} "  # noqa: S608 - the name of a table
    "WHERE asked_id = %s AND settled_at IS NULL AND NOT is_answered LIMIT 100) AS waiting"
)
"""How many questions wait for an answer of a person, at most 100."""


def waiting_for(person_id: int) -> int:
    ((count,),) = sql.run(WAITING, [person_id])
    return int(count)
