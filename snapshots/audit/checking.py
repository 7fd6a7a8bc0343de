"""Is the log whole? The walk through all rows, and what it found, in words for logs and terminals (English)."""

from collections.abc import Iterable
from typing import Final

from django.conf import settings

from snapshots.audit import chain
from snapshots.audit.chain import Anchor, Head, Verdict
from snapshots.audit.journal import Actor
from snapshots.audit.models import Entry

COMMAND: Final = Actor(id=None, name="", role="", door="command")
PROBLEMS: Final = {
    "gap": "the row is missing",
    "order": "the row stands twice or out of order",
    "key": "it is sealed with a key that is not in SNAPPORTAL_AUDIT_KEYS",
    "hash": "its seal does not fit what it says: it was changed",
    "link": "it does not follow from the row before it: rows were put in, taken out or moved",
    "key_change": "the key changes without a row that says so",
    "time": "its time is not after the time of the row before it",
    "anchor": "it is not what the anchor noted, or the anchor itself is not signed by us",
    "cut": "an anchor names rows that are not there: the newest rows were cut off",
}


def check_log(*, start: Head | None = None, anchors: Iterable[Anchor] = ()) -> Verdict:
    """Verify every row that is there now, or every row after `start`. Writers go on meanwhile."""
    last = Entry.objects.order_by("-sequence").values_list("sequence", flat=True).first()
    rows = Entry.objects.all().rows(after=start.sequence if start else 0, until=last or 0)
    return chain.verify(rows, settings.SNAPPORTAL_AUDIT_KEYS, start=start, anchors=anchors)


def head_at(anchor: Anchor) -> Head | None:
    """The head that an anchor noted, if the log still has that row with that hash."""
    row = Entry.objects.filter(sequence=anchor.sequence, hash=anchor.hash).values().first()
    return Head(row["sequence"], row["hash"], chain.plain(row["at"]), row["key_id"]) if row else None


def describe(verdict: Verdict, anchors: int = 0) -> str:
    """`12 rows hold, up to row 12 (anchors that agree: 3)` or `row 7: its seal does not fit …`."""
    if not verdict.holds:
        return (
            f"row {verdict.first_broken}: {PROBLEMS[verdict.problem]} ({verdict.count} rows before it hold)"
        )
    beside = f" (anchors that agree: {anchors})" if anchors else ""
    return f"{verdict.count} rows hold, up to row {verdict.head.sequence}{beside}"
