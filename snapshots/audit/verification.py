"""Is the log whole? The walk through all rows, and what it found, in words for logs and terminals (English)."""

import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import chain as joined
from typing import Final

from django.conf import settings

from snapshots.audit import chain, tolerant_rows
from snapshots.audit.chain import Anchor, Head, Verdict
from snapshots.audit.journal import Actor
from snapshots.audit.models import Entry

COMMAND: Final = Actor(id=None, name="", role="", channel="command")
ANCHORED: Final = re.compile(r"row (\d+), hash ([0-9a-f]{64}); noted by ([a-z, ]+)")
"""What a row of the action `audit.anchor` says in its evidence."""
PROBLEMS: Final = {
    "before": "no row stands before row 1: it was put in",
    "unreadable": "it holds what the portal never wrote, and cannot be read: it was changed",
    "gap": "the row is missing",
    "order": "the row stands twice or out of order",
    "key": "it is sealed with a key that is not in SNAPPORTAL_AUDIT_KEYS",
    "hash": "its seal does not fit what it says: it was changed",
    "link": "it does not follow from the row before it: rows were put in, taken out or moved",
    "key_change": "the key changes without a row that says so, or goes back to an older key",
    "time": "its time is not after the time of the row before it",
    "anchor": "it is not what the anchor noted, or the anchor itself is not signed by us",
    "cut": "an anchor names rows that are not there: the newest rows were cut off",
    "lost": "it tells of an anchor that the file of anchors lacks: lines were taken out of the file",
}


def check_log(*, start: Head | None = None, anchors: Iterable[Anchor] = ()) -> Verdict:
    """Verify every row that is there now, or every row after `start`. Writers go on meanwhile."""
    everything = Entry.objects.all()
    last = everything.last_sequence()
    rows = everything.rows(until=last)
    if start is not None:
        rows = joined(everything.rows(until=0), everything.rows(after=start.sequence, until=last))
    return chain.verify(rows, settings.SNAPPORTAL_AUDIT_KEYS, start=start, anchors=anchors)


def head_at(anchor: Anchor) -> Head | None:
    """The head that an anchor noted, if the log still has that row with that hash."""
    try:
        found = tolerant_rows.read_all(
            Entry.objects.filter(sequence=anchor.sequence, hash=anchor.hash).values()[:1]
        )
    except tolerant_rows.UnreadableError:
        return None
    return next(
        (Head(one["sequence"], one["hash"], chain.plain(one["at"]), one["key_id"]) for one in found), None
    )


def lost_anchor(anchors: Iterable[Anchor], until: int | None) -> int | None:
    """The first row that tells of an anchor in the file which is not among `anchors`.

    `until` is the last row that was there before the file was read: the anchors of later rows may be newer than it.
    """
    there = {(anchor.sequence, anchor.hash) for anchor in anchors}
    for row in Entry.objects.filter(action="audit.anchor").rows(until=until):
        told = ANCHORED.match(str(row.get("evidence")))
        if told and "file" in told[3].split(", ") and (int(told[1]), told[2]) not in there:
            return int(row["sequence"])
    return None


def with_lost(verdict: Verdict, lost: int | None) -> Verdict:
    """`verdict`, but 'lost' when all rows hold and the row `lost` tells of an anchor that is not there."""
    return replace(verdict, first_broken=lost, problem="lost") if verdict.holds and lost else verdict


def describe(verdict: Verdict, anchors: int = 0) -> str:
    """`12 rows hold, up to row 12 (anchors that agree: 3)` or `row 7: its seal does not fit …`."""
    if not verdict.holds:
        return (
            f"row {verdict.first_broken}: {PROBLEMS[verdict.problem]} ({verdict.count} rows before it hold)"
        )
    beside = f" (anchors that agree: {anchors})" if anchors else ""
    return f"{verdict.count} rows hold, up to row {verdict.head.sequence}{beside}"
