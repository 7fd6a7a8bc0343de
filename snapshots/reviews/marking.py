"""Marks rows of the log: fine, question or finding.

A mark is a row of the log (`review.fine`, `review.question`, `review.finding`), except the first one of a row that no review
has signed yet if it is "fine": those are counted in the row of the signature.
"""

from collections.abc import Collection
from functools import partial
from typing import Final

from django.utils import timezone

from snapshots import contract
from snapshots.audit import journal
from snapshots.audit.journal import Actor, EntryData
from snapshots.audit.models import Entry
from snapshots.audit.wording.statements import joined
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.guard import refusals_recorded
from snapshots.operations.rights import check_person
from snapshots.reviews import statements
from snapshots.reviews.models import REVIEW, Mark, Question, Verdict
from snapshots.reviews.queries import current_marks, open_questions_about, signed_until
from snapshots.reviews.rows import Addressee, addressee_of, own_among

NOTE_MAX_LENGTH: Final = 1000
MOST_AT_ONCE: Final = 100


def mark(*, actor: Actor, entry: Entry, verdict: Verdict, note: str = "", seen: int | None = None) -> Mark:
    """Mark `entry`. `seen` is the mark that the person saw, of it or of an earlier row of the operation, None for none.

    The same mark again changes nothing.

    Raises OperationRefusedError (reason_missing, review_own_row, review_mark_changed, review_nobody_to_ask,
    not_allowed_any_more), JournalUnavailableError.
    """
    note = contract.clean_reason(note, NOTE_MAX_LENGTH)
    entry_of = partial(_entry, actor, entry, verdict, note)
    with refusals_recorded(entry_of), journal.alone():
        check_person(actor.id, [(REVIEW, None)])
        current = Mark.objects.filter(sequence=entry.sequence, is_current=True).first()
        if current and (current.verdict, current.note, current.person_id) == (verdict, note, actor.id):
            return current
        addressee = _check(actor, entry, verdict, note)
        shown = current_marks([entry]).get(entry.sequence)
        if (shown.pk if shown else None) != seen:
            raise OperationRefusedError("review_mark_changed")
        _settle(actor, entry)
        return _store(actor, entry, verdict, note, current, addressee)


def _check(actor: Actor, entry: Entry, verdict: Verdict, note: str) -> Addressee:
    """Raises OperationRefusedError."""
    if own_among([entry], int(actor.id or 0)):
        raise OperationRefusedError("review_own_row")
    if verdict != Verdict.FINE and not note:
        raise OperationRefusedError("reason_missing")
    if verdict != Verdict.QUESTION:
        return Addressee()
    addressee = addressee_of(entry)
    if addressee.person is None:
        raise OperationRefusedError("review_nobody_to_ask")
    return addressee


def _entry(actor: Actor, entry: Entry, verdict: Verdict, note: str, evidence: str = "") -> EntryData:
    return actor.entry(
        action=f"review.{verdict}",
        target=str(entry.sequence),
        reason=note,
        evidence=evidence or statements.HASH.said(hash=entry.hash),
    )


def _settle(actor: Actor, entry: Entry) -> None:
    """Any mark settles the questions that were open, also about earlier rows of the operation."""
    asked = [one.pk for one in open_questions_about([entry]).get(entry.sequence, [])]
    Question.objects.filter(pk__in=asked).update(settled_at=timezone.now(), settled_by_id=actor.id)


def _store(
    actor: Actor, entry: Entry, verdict: Verdict, note: str, current: Mark | None, addressee: Addressee
) -> Mark:
    """Under the log's lock."""
    is_plain = verdict == Verdict.FINE and (current is None or current.verdict == Verdict.FINE)
    row = None
    if addressee.person is not None:
        row = _ask(actor, entry, note, addressee)
    elif not is_plain or entry.sequence <= signed_until():
        before = statements.MARK_BEFORE.said(verdict=current.verdict) if current else ""
        evidence = joined([before, statements.HASH.said(hash=entry.hash)])
        row = journal.record(_entry(actor, entry, verdict, note, evidence))
    if current:
        Mark.objects.filter(pk=current.pk).update(is_current=False)
    return Mark.objects.create(
        sequence=entry.sequence,
        operation_id=entry.operation_id,
        verdict=verdict,
        note=note,
        person_id=int(actor.id or 0),
        at=timezone.now(),
        recorded_in=row.sequence if row else None,
    )


def _ask(actor: Actor, entry: Entry, text: str, addressee: Addressee) -> Entry:
    """With a row of the log whose evidence names who is asked, so that the name can be erased and the person is told."""
    person = addressee.person
    assert person is not None
    data = actor.entry(
        action="review.question",
        target=str(entry.sequence),
        reason=text,
        evidence=joined([statements.ASKS.said(name=str(person)), statements.HASH.said(hash=entry.hash)]),
        evidence_person_id=person.pk,
    )
    row = journal.record(data)
    Question.objects.create(
        asked_in=row.sequence,
        sequence=entry.sequence,
        text=text,
        asker_id=int(actor.id or 0),
        asked_id=int(person.pk or 0),
        at=timezone.now(),
    )
    return row


def mark_fine(*, actor: Actor, sequences: Collection[int]) -> int:
    """Mark as fine those of these rows that have no mark and no open question, are not the person's own, and not signed.

    Returns how many. Raises OperationRefusedError (not_allowed_any_more), JournalUnavailableError.
    """
    wanted = Entry.objects.numbered().filter(sequence__in=list(sequences)[:MOST_AT_ONCE])
    entries = [one for one in wanted.order_by("sequence").fetch(MOST_AT_ONCE) if one.is_readable]
    person_id = int(actor.id or 0)
    left_out = own_among(entries, person_id)
    refused = partial(actor.entry, action="review.fine", evidence=statements.AT_ONCE.said(count=len(entries)))
    with refusals_recorded(refused), journal.alone():
        check_person(actor.id, [(REVIEW, None)])
        numbers = [one.sequence for one in entries]
        marked = Mark.objects.filter(sequence__in=numbers, is_current=True)
        left_out |= {*marked.values_list("sequence", flat=True), *open_questions_about(entries)}
        signed, now = signed_until(), timezone.now()
        made = [
            Mark(
                sequence=one.sequence,
                operation_id=one.operation_id,
                verdict=Verdict.FINE,
                person_id=person_id,
                at=now,
            )
            for one in entries
            if one.sequence not in left_out and one.sequence > signed
        ]
        Mark.objects.bulk_create(made)
    return len(made)
