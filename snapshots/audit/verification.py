"""Is the log whole? The walk through all rows, and what it found, in words for logs and terminals (English)."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain as joined
from typing import Final

from django.conf import settings

from snapshots.audit import accepted_damage, chain, tolerant_rows
from snapshots.audit.accepted_damage import Acceptance, Pair
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
    "hash": "its signature is not valid: it was changed, or the key is a wrong one under the right ID",
    "link": "it does not follow from the row before it: rows were put in, taken out or moved",
    "key_change": "the key changes without a row that says so, or goes back to an older key",
    "time": "its time is not after the time of the row before it",
    "anchor": "it is not what the anchor noted, or the anchor itself is not signed with this key",
    "cut": "an anchor names rows that are not there: the newest rows were cut off",
    "lost": "it tells of an anchor that the file of anchors lacks: lines were taken out of the file",
}
_RESTORED: Final = (
    "If a backup was put back, docs/operators.md tells how to go on (manage.py accept_restored_log)."
)
ADVICE: Final = {
    "cut": _RESTORED,
    "anchor": _RESTORED,
    "lost": "Put the lines back; if there is no copy, see docs/operators.md (manage.py accept_lost_anchors).",
    "hash": "Compare the key first; then see docs/operators.md (a backup, or manage.py accept_changed_rows).",
}
"""What to do about a problem, where the log can go on."""


def check_log(
    *, start: Head | None = None, anchors: Iterable[Anchor] = (), accepted: chain.Accepted | None = None
) -> Verdict:
    """Verify every row that is there now, or every row after `start`. Writers go on meanwhile.

    `accepted` is what is not to be taken for a problem, by default what the log itself accepts.
    """
    everything = Entry.objects.all()
    last = everything.last_sequence()
    rows = everything.rows(until=last)
    if start is not None:
        rows = joined(everything.rows(until=0), everything.rows(after=start.sequence, until=last))
    if accepted is None:
        accepted = accepted_damage.accepted_by(accepted_damage.read_all())
    return chain.verify(rows, settings.SNAPPORTAL_AUDIT_KEYS, start=start, anchors=anchors, accepted=accepted)


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


def anchors_told_of(known: Iterable[Acceptance], until: int | None) -> Iterator[tuple[int, Pair]]:
    """Every anchor of which a row says that it is in the file, with that row's number.

    An anchor that was given up stays in the file: else nobody could see any more what was given up.
    """
    for row in Entry.objects.filter(action="audit.anchor").rows(until=until):
        told = ANCHORED.match(str(row.get("evidence")))
        if told and "file" in told[3].split(", "):
            yield int(row["sequence"]), (int(told[1]), told[2])
    for one in known:
        if one.action == chain.ACCEPT_RESTORED_LOG:
            yield from ((one.sequence, pair) for pair in one.pairs)


def lost_anchors(
    anchors: Iterable[Anchor], until: int | None, known: list[Acceptance]
) -> list[tuple[int, Pair]]:
    """The anchors of which the log tells, which are not among `anchors` and whose loss nobody has accepted.

    `until` is the last row that was there before the file was read: the anchors of later rows may be newer than it.
    """
    there = {anchor.named_row for anchor in anchors}
    there |= set(accepted_damage.pairs_of(chain.ACCEPT_LOST_ANCHORS, known))
    return [(number, pair) for number, pair in anchors_told_of(known, until) if pair not in there]


def lost_anchor(anchors: Iterable[Anchor], until: int | None, known: list[Acceptance]) -> int | None:
    """The first row that tells of an anchor in the file which is not among `anchors`: see lost_anchors."""
    return min((number for number, _pair in lost_anchors(anchors, until, known)), default=None)


def with_lost(verdict: Verdict, lost: int | None) -> Verdict:
    """`verdict`, but 'lost' when all rows hold and the row `lost` tells of an anchor that is not there."""
    return replace(verdict, first_broken=lost, problem="lost") if verdict.holds and lost else verdict


def describe(verdict: Verdict, anchors: int = 0, given_up: int = 0) -> str:
    """`12 rows hold, up to row 12 (anchors that agree: 3, given up: 2)` or `row 7: its signature is not valid …`."""
    if not verdict.holds:
        return (
            f"row {verdict.first_broken}: {PROBLEMS[verdict.problem]} ({verdict.count} rows before it hold)"
        )
    counts = [
        f"{word}: {count}"
        for word, count in (("anchors that agree", anchors), ("given up", given_up))
        if count
    ]
    beside = f" ({', '.join(counts)})" if counts else ""
    return f"{verdict.count} rows hold, up to row {verdict.head.sequence}{beside}"
