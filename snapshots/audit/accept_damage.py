"""Finds what an operator may accept, and writes the rows that accept it (accepted_damage.py tells what they mean).

Each find_… names what is wrong of one kind and has not been accepted yet. Raises AcceptanceError where there is nothing
of that kind, or where that kind does not explain all that is wrong: then nothing is written.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from django.conf import settings

from snapshots.audit import accepted_damage, chain, journal, tolerant_rows, verification
from snapshots.audit.accepted_damage import Pair
from snapshots.audit.chain import Anchor
from snapshots.audit.models import Entry

CHANGED_ROWS_LIMIT: Final = accepted_damage.PAIRS_PER_ROW
"""All in one row, for the row that accepts the newest one must name it. With more, a backup is the better way."""


class AcceptanceError(Exception):
    """Nothing was written: why, and what to do instead."""


@dataclass(frozen=True)
class Finding:
    action: str
    words: str
    pairs: tuple[Pair, ...]


def _name(numbers: Iterable[int], verb: str = "") -> str:
    """`row 7 was`, `rows 7 to 9 were` or `rows 7, 9 were`; without a verb just the rows."""
    ordered = sorted(set(numbers))
    first, last = ordered[0], ordered[-1]
    if first == last:
        return f"row {first} was {verb}" if verb else f"row {first}"
    is_whole = last - first + 1 == len(ordered)
    rows = f"rows {first} to {last}" if is_whole else f"rows {', '.join(map(str, ordered))}"
    return f"{rows} were {verb}" if verb else rows


def _last_row_before(lost: Iterable[Anchor]) -> int:
    """The last row of the backup: what was written after it was put back is younger than every anchor it lacks."""
    newest = max(datetime.fromisoformat(anchor.at) for anchor in lost)
    older = Entry.objects.numbered().filter(at__lte=newest).order_by("-sequence")
    return next(iter(tolerant_rows.read_all(older.values_list("sequence", flat=True)[:1])), 0)


def find_lost_rows(noted: Iterable[Anchor]) -> Finding:
    """The anchors among `noted` whose rows the log does not have."""
    noted = list(noted)
    known = accepted_damage.accepted_by(accepted_damage.read_all())
    lost = [
        anchor
        for anchor in noted
        if anchor.named_row not in known.anchors and verification.head_at(anchor) is None
    ]
    if not lost:
        raise AcceptanceError("The log has the rows of all anchors: no row is missing that an anchor names.")
    pairs = tuple(sorted({anchor.named_row for anchor in lost}))
    verdict = verification.check_log(
        anchors=noted, accepted=chain.Accepted(known.anchors | set(pairs), known.rows)
    )
    if not verdict.holds:
        raise AcceptanceError(
            f"Something is wrong that a backup put back does not explain: {verification.describe(verdict)}."
        )
    first, last = min(_last_row_before(lost) + 1, pairs[0][0]), pairs[-1][0]
    words = f"{_name(range(first, last + 1), 'lost')} when a backup was put back, with whatever came behind"
    return Finding(chain.ACCEPT_RESTORED_LOG, words, pairs)


def find_lost_anchors(noted: Iterable[Anchor], until: int | None) -> Finding:
    """The anchors of which the log tells, and which are not among `noted`: see verification.lost_anchors."""
    lost = verification.lost_anchors(noted, until, accepted_damage.read_all())
    pairs = tuple(sorted({pair for _number, pair in lost}))
    if not pairs:
        raise AcceptanceError("The file has all anchors of which the log tells.")
    words = (
        f"{len(pairs)} anchors, of {_name([pairs[0][0], pairs[-1][0]])}, were lost from the file of anchors"
    )
    return Finding(chain.ACCEPT_LOST_ANCHORS, words, pairs)


def _check_key(key_id: str) -> None:
    """Raises AcceptanceError when the key does not open the first row of its own either: then the key is wrong."""
    first = next(iter(Entry.objects.numbered().filter(key_id=key_id).rows()))
    if chain.UNREADABLE in first or chain.check_seal(first, settings.SNAPPORTAL_AUDIT_KEYS):
        raise AcceptanceError(
            f"The key {key_id} does not open row {first['sequence']} either, the first of its rows. "
            "Compare it with your copy of the key: it is a wrong key under the right ID."
        )


def _changed_rows(known: chain.Accepted) -> Iterator[Mapping[str, Any]]:
    ring = settings.SNAPPORTAL_AUDIT_KEYS
    for row in Entry.objects.numbered().rows():
        if (
            chain.UNREADABLE not in row
            and chain.check_seal(row, ring) == "hash"
            and not known.has_changed(row)
        ):
            yield row


def find_changed_rows() -> Finding:
    """The rows whose signature is not valid, with the digest of each as it stands now."""
    known = accepted_damage.accepted_by(accepted_damage.read_all())
    changed = list(islice(_changed_rows(known), CHANGED_ROWS_LIMIT + 1))
    if not changed:
        raise AcceptanceError("The signature of every row is valid, or its change is accepted already.")
    for key_id in {row["key_id"] for row in changed}:
        _check_key(key_id)
    if len(changed) > CHANGED_ROWS_LIMIT:
        raise AcceptanceError(f"More than {CHANGED_ROWS_LIMIT} rows were changed: put back a backup.")
    if any(row["at"] > datetime.now(UTC) for row in changed):
        raise AcceptanceError(
            "The time of a changed row lies ahead, and no row could follow it: put back a backup."
        )
    pairs = tuple((row["sequence"], chain.digest(row)) for row in changed)
    verdict = verification.check_log(accepted=chain.Accepted(known.anchors, known.rows | set(pairs)))
    if not verdict.holds:
        raise AcceptanceError(
            f"More is wrong than changed rows: {verification.describe(verdict)}. Put back a backup."
        )
    words = f"{_name(dict(pairs), 'changed')} in the database: what is said there proves nothing"
    return Finding(chain.ACCEPT_CHANGED_ROWS, words, pairs)


def accept(finding: Finding, *, reason: str, by: str) -> None:
    """Write it into the log, in as many rows as it takes. Raises JournalUnavailableError, and then in none."""
    size = accepted_damage.PAIRS_PER_ROW
    with journal.committed():
        for start in range(0, len(finding.pairs), size):
            evidence = accepted_damage.format_evidence(finding.words, finding.pairs[start : start + size])
            journal.record(
                verification.COMMAND.entry(
                    action=finding.action, reason=reason, settled_by=by, evidence=evidence
                )
            )
