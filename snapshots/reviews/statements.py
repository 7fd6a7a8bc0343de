"""What the log says about reviews."""

from typing import Final

from snapshots.audit.wording.kinds import BARE, CODE, COUNT, ID, TEXT, list_of
from snapshots.audit.wording.statements import Counted, Statement

# --- Marks, questions and answers -----------------------------------------------------------------------------------------

HASH: Final = Statement("review.hash", "the row's hash is %(hash)s", hash=BARE)
MARK_BEFORE: Final = Statement("review.mark_before", "%(verdict)s before", only=("review.",), verdict=CODE)
ASKS: Final = Statement("review.asks", "asks “%(name)s”", name=TEXT)
ASKED_BY: Final = Statement(
    "review.asked_by", "asked by person %(person)s about row %(row)s", person=ID, row=ID
)
AT_ONCE: Final = Counted(
    "review.at_once", "%(count)s row at once", "%(count)s rows at once", by="count", count=COUNT
)

# --- Signatures -----------------------------------------------------------------------------------------------------------

MARKS: Final = Statement(
    "review.marks",
    "marked fine %(fine)s, question %(questions)s, finding %(findings)s",
    fine=COUNT,
    questions=COUNT,
    findings=COUNT,
)
NONE_OPEN: Final = Statement("review.none_open", "no open question")
OPEN: Final = Counted(
    "review.open",
    "%(count)s open question, about row %(rows)s",
    "%(count)s open questions, about rows %(rows)s",
    by="count",
    count=COUNT,
    rows=list_of(ID),
)
NOT_NAMED: Final = Statement("review.not_named", "and others", only=("review.sign",))
OWN_ROWS: Final = Statement("review.own_rows", "rows by whoever signed: %(count)s", count=COUNT)
DAMAGED: Final = Statement(
    "review.damaged",
    "row %(row)s does not verify, as whoever signed knew",
    row=ID,
)
NOT_VERIFIED: Final = Statement(
    "review.not_verified", "not verified when it was signed, because there are too many rows"
)
VERIFIED: Final = Statement("review.verified", "all rows verified from row %(row)s on", row=ID)
LAST_HASH: Final = Statement("review.last_hash", "the last row's hash is %(hash)s", hash=BARE)
LAST_ARCHIVED: Final = Statement("review.last_archived", "the last row is archived")
ROOT: Final = Statement("review.root", "the root of the tree up to it is %(root)s", root=BARE)
