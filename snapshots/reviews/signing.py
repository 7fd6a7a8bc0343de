"""Signs a review: the rows from the first that nobody has signed up to one that the person chose, each row exactly once.

The rows are verified first, without the log's lock. Under the lock the signature is bound to their content: to the hash of the
last row and to the root of the tree over all rows up to it, which are in the row of the log (`review.sign`).
"""

from dataclasses import dataclass
from functools import partial
from typing import Final

from django.db import IntegrityError
from django.db.models import Count
from django.utils import timezone

from snapshots import contract
from snapshots.audit import journal, queries, tiles, tolerant_rows, verification
from snapshots.audit.chain import Head
from snapshots.audit.journal import Actor, EntryData
from snapshots.audit.models import Entry
from snapshots.audit.statements import PROBLEMS
from snapshots.audit.tiles import TileError
from snapshots.audit.wording.statements import joined
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.guard import refusals_recorded
from snapshots.operations.rights import check_person
from snapshots.reviews import statements
from snapshots.reviews.models import REVIEW, Mark, Question, Review, Verdict
from snapshots.reviews.queries import SIGN, signed_until
from snapshots.reviews.rows import accounts_of

STATEMENT_MAX_LENGTH: Final = 1000
MOST_VERIFIED: Final = 50_000
"""More rows than these are not verified while somebody waits for the page."""
MOST_NAMED: Final = 20
"""Open questions of which the evidence names the row."""


@dataclass(frozen=True)
class Wish:
    """What a person signs: the rows of the form that the person saw. `damaged`: the row that they know does not verify."""

    first: int
    last: int
    statement: str = ""
    damaged: int | None = None

    @property
    def target(self) -> str:
        return f"{self.first}–{self.last}"


@dataclass(frozen=True)
class Verified:
    """`since`: the first row that was verified, None if none was. `damaged`: the first row that is not valid, and why."""

    since: int | None = None
    damaged: int | None = None
    problem: str = ""


@dataclass(frozen=True)
class Tally:
    """What is signed, in numbers."""

    fine: int
    questions: int
    findings: int
    own_rows: int
    open_rows: tuple[int, ...]
    """The rows with an open question."""
    unmarked: int
    """The rows without a mark."""


def sign(*, actor: Actor, wish: Wish) -> Review:
    """The same form sent again gives the review that it made.

    Raises OperationRefusedError (review_moved, review_beyond, review_damaged, review_unreadable, not_allowed_any_more),
    JournalUnavailableError.
    """
    with refusals_recorded(partial(_entry, actor, wish)):
        made = _made_before(actor, wish) or _check_before(actor, wish)
        if made is not None:
            return made
        verified = verify(wish.first, wish.last)
        if verified.damaged != wish.damaged:
            raise OperationRefusedError("review_damaged")
        try:
            with journal.alone():
                return _made_before(actor, wish) or _sign(actor, wish, verified)
        except IntegrityError:  # a review that somebody put into the database
            raise OperationRefusedError("review_moved") from None


def _sign(actor: Actor, wish: Wish, verified: Verified) -> Review:
    """Under the log's lock."""
    check_person(actor.id, [(REVIEW, None)])
    _check_range(wish)
    tally = count(int(actor.id or 0), wish.first, wish.last)
    hash_ = _hash_of(wish.last)
    try:
        root = tiles.read_root(wish.last).hex()
    except TileError:
        raise OperationRefusedError("review_unreadable") from None
    row = journal.record(_entry(actor, wish, evidence_of(tally, verified, hash_, root)))
    return Review.objects.create(
        signed_in=row.sequence,
        first=wish.first,
        last=wish.last,
        hash=hash_,
        root=root,
        person_id=int(actor.id or 0),
        at=timezone.now(),
        statement=wish.statement,
        fine=tally.fine,
        questions=tally.questions,
        findings=tally.findings,
        open_questions=len(tally.open_rows),
        own_rows=tally.own_rows,
        verified_from=verified.since,
        damaged_row=verified.damaged,
    )


def _check_before(actor: Actor, wish: Wish) -> Review | None:
    """Before the log's lock is taken. Gives the review that the same form has made meanwhile, if it did.

    Raises OperationRefusedError.
    """
    check_person(actor.id, [(REVIEW, None)])
    try:
        _check_range(wish)
    except OperationRefusedError:
        made = _made_before(actor, wish)
        if made is None:
            raise
        return made
    return None


def _made_before(actor: Actor, wish: Wish) -> Review | None:
    return Review.objects.filter(first=wish.first, last=wish.last, person_id=actor.id or 0).first()


def _check_range(wish: Wish) -> None:
    """Raises OperationRefusedError: reviews follow each other without a gap or an overlap."""
    if wish.first != signed_until() + 1:
        raise OperationRefusedError("review_moved")
    if not wish.first <= wish.last <= (queries.newest_sequence() or 0):
        raise OperationRefusedError("review_beyond")


def _entry(actor: Actor, wish: Wish, evidence: str = "") -> EntryData:
    reason = contract.clean_reason(wish.statement, STATEMENT_MAX_LENGTH)
    return actor.entry(action=SIGN, target=wish.target, reason=reason, evidence=evidence)


def _hash_of(sequence: int) -> str:
    row = Entry.objects.row(sequence)
    return row.hash if row else ""


def _head_before(first: int) -> Head | None:
    """The row before the first one; None if it has left the database, or cannot be read."""
    try:
        found = tolerant_rows.read_all(Entry.objects.filter(sequence=first - 1).values()[:1])
    except tolerant_rows.UnreadableError:
        return None
    return next(map(Head.of, found), None)


def verify(first: int, last: int) -> Verified:
    """Verify the chain from row `first` on, and the names in it, as the command verify_audit does.

    Archived rows are verified with their files by that command alone. Raises OperationRefusedError "review_unreadable".
    """
    head = _head_before(first)
    begin = head.sequence + 1 if head else 1
    if (queries.newest_sequence() or 0) - begin >= MOST_VERIFIED:
        return Verified()
    try:
        verdict = verification.check_log(start=head)
    except verification.WrongKeyError:
        raise OperationRefusedError("review_unreadable") from None
    broken = verdict.first_broken
    if broken is None or broken > last:
        return Verified(first)
    return Verified(first, broken, PROBLEMS[verdict.problem].said())


def count(person_id: int, first: int, last: int) -> Tally:
    """`person_id`: who signs."""
    marks = Mark.objects.filter(is_current=True, sequence__range=(first, last)).order_by()
    numbers = dict(marks.values_list("verdict").annotate(number=Count("pk")))
    unsettled = Question.objects.filter(settled_at=None, sequence__lte=last)
    own = Entry.objects.filter(actor_id__in=accounts_of(person_id), sequence__range=(first, last))
    return Tally(
        unmarked=last - first + 1 - sum(numbers.values()),
        fine=numbers.get(Verdict.FINE, 0),
        questions=numbers.get(Verdict.QUESTION, 0),
        findings=numbers.get(Verdict.FINDING, 0),
        own_rows=own.order_by().count(),
        open_rows=tuple(unsettled.order_by("sequence").values_list("sequence", flat=True)),
    )


def evidence_of(tally: Tally, verified: Verified, hash_: str, root: str) -> str:
    """For the log."""
    named = tally.open_rows[:MOST_NAMED]
    parts = [
        statements.MARKS.said(fine=tally.fine, questions=tally.questions, findings=tally.findings),
        statements.OPEN.said(count=len(tally.open_rows), rows=named)
        if named
        else statements.NONE_OPEN.said(),
        statements.NOT_NAMED.said() if len(tally.open_rows) > len(named) else "",
        statements.OWN_ROWS.said(count=tally.own_rows),
        _said_of(verified),
        statements.LAST_HASH.said(hash=hash_) if hash_ else statements.LAST_ARCHIVED.said(),
        statements.ROOT.said(root=root),
    ]
    return joined(parts)


def _said_of(verified: Verified) -> str:
    if verified.damaged is not None:
        return joined([statements.DAMAGED.said(row=verified.damaged), verified.problem])
    if verified.since is None:
        return statements.NOT_VERIFIED.said()
    return statements.VERIFIED.said(row=verified.since)
