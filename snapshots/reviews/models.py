"""Marks on rows of the log, questions about rows and their answers, and signed reviews.

Nothing is changed but to say that something later took its place. Whatever matters is a row of the log too.
"""

from typing import Final

from django.db import models
from django.db.models import F, Q
from django.utils.translation import pgettext_lazy

REVIEW: Final = "audit.review"
"""The permission to review."""


class Verdict(models.TextChoices):
    FINE = "fine", pgettext_lazy("mark of a review", "Fine")
    QUESTION = "question", pgettext_lazy("mark of a review", "Question")
    FINDING = "finding", pgettext_lazy("mark of a review", "Finding")


class Mark(models.Model):
    """What somebody thinks of one row of the log. Another mark of the same row takes its place, and this one stays as it was."""

    sequence = models.BigIntegerField()
    operation_id = models.UUIDField(null=True)
    verdict = models.CharField(max_length=10, choices=Verdict)
    note = models.TextField(blank=True)
    person_id = models.BigIntegerField()
    at = models.DateTimeField()
    recorded_in = models.BigIntegerField(null=True)
    """The row of the log that records it; none for the first mark of a row if that is "fine"."""
    is_current = models.BooleanField(default=True)

    class Meta:
        db_table = "review_mark"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["sequence"], condition=Q(is_current=True), name="one_current_mark_of_a_row"
            )
        ]
        indexes = [
            models.Index(fields=["sequence"], name="review_mark_of_row"),
            models.Index(fields=["operation_id"], name="review_mark_of_operation"),
            models.Index(
                fields=["verdict", "sequence"], condition=Q(is_current=True), name="review_mark_verdict"
            ),
        ]

    def __str__(self) -> str:
        return f"row {self.sequence} {self.verdict}"


class Question(models.Model):
    """What a reviewer asks about a row. `asked_in` is the row of the log that records it.

    A mark of its row after it settles it.
    """

    asked_in = models.BigIntegerField(primary_key=True)
    sequence = models.BigIntegerField()
    text = models.TextField()
    asker_id = models.BigIntegerField()
    asked_id = models.BigIntegerField()
    """Who may answer: who acted, or who looks after the service account that acted."""
    at = models.DateTimeField()
    is_answered = models.BooleanField(default=False)
    settled_at = models.DateTimeField(null=True)
    settled_by_id = models.BigIntegerField(null=True)

    class Meta:
        db_table = "review_question"
        ordering = ["-asked_in"]
        constraints = [
            models.UniqueConstraint(
                fields=["sequence"], condition=Q(settled_at=None), name="one_open_question_of_a_row"
            )
        ]
        indexes = [
            models.Index(fields=["asked_id", "asked_in"], name="review_question_asked"),
            models.Index(fields=["sequence"], name="review_question_of_row"),
            models.Index(fields=["asked_in"], condition=Q(settled_at=None), name="review_question_open"),
        ]

    def __str__(self) -> str:
        return f"question {self.asked_in} about row {self.sequence}"

    @property
    def is_open(self) -> bool:
        return self.settled_at is None


class Answer(models.Model):
    """`answered_in`: the row of the log that records it."""

    answered_in = models.BigIntegerField(primary_key=True)
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="answers")
    person_id = models.BigIntegerField()
    text = models.TextField()
    at = models.DateTimeField()

    class Meta:
        db_table = "review_answer"
        ordering = ["answered_in"]

    def __str__(self) -> str:
        return f"answer {self.answered_in} to question {self.question_id}"


class Review(models.Model):
    """Rows `first` to `last`, which somebody signed as reviewed. `signed_in` is the row of the log that says so.

    `hash` is that of the last row ("" if it had left the database), `root` that of the tree over all rows up to it.
    """

    signed_in = models.BigIntegerField(primary_key=True)
    first = models.BigIntegerField(unique=True)
    last = models.BigIntegerField(unique=True)
    hash = models.CharField(max_length=64, blank=True)
    root = models.CharField(max_length=64)
    person_id = models.BigIntegerField()
    at = models.DateTimeField()
    statement = models.TextField(blank=True)
    fine = models.IntegerField()
    questions = models.IntegerField()
    findings = models.IntegerField()
    open_questions = models.IntegerField()
    own_rows = models.BigIntegerField()
    """How many of the rows the person who signed had written, by what that person or a service account of theirs did."""
    verified_from = models.BigIntegerField(null=True)
    """From which row on the rows were verified when it was signed; None if none was, because there were too many."""
    damaged_row = models.BigIntegerField(null=True)
    """The first row that did not verify, of which the person who signed knew."""

    class Meta:
        db_table = "review"
        ordering = ["-last"]
        constraints = [
            models.CheckConstraint(condition=Q(first__gte=1, last__gte=F("first")), name="review_range")
        ]

    def __str__(self) -> str:
        return f"rows {self.target}"

    @property
    def target(self) -> str:
        """As the row of the log names the rows."""
        return f"{self.first}–{self.last}"

    @property
    def unmarked(self) -> int:
        """How many of the rows had no mark when they were signed: each row has at most one that counts."""
        return self.last - self.first + 1 - self.fine - self.questions - self.findings
