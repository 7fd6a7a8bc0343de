"""Finds damage that an operator may accept, and writes the rows that accept it (described in accepted_damage.py).

Each find_… returns the damage of one kind that is not accepted yet. It raises AcceptanceError when there is none, or
when the log has other damage too; then nothing is written.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from django.conf import settings

from snapshots.audit import (
    accepted_damage,
    chain,
    journal,
    lost_checkpoints,
    statements,
    tolerant_rows,
    verification,
)
from snapshots.audit.accepted_damage import Pair
from snapshots.audit.archiving import rows as archive_rows
from snapshots.audit.chain import Anchor
from snapshots.audit.models import Entry
from snapshots.audit.subject_verification import SubjectChecks

CHANGED_ROWS_LIMIT: Final = accepted_damage.PAIRS_PER_ROW
"""They must fit into one row, because the row that accepts a changed newest row must name it. For more, restore a backup."""


class AcceptanceError(Exception):
    """Nothing was written; the message says why, and what to do instead."""


@dataclass(frozen=True)
class Finding:
    action: str
    description: str
    pairs: tuple[Pair, ...]


def _describe_changed(numbers: Iterable[int]) -> str:
    """`row 7 was changed …`, `rows 7 to 9 were …` or `rows 7, 9 were …`."""
    ordered = sorted(set(numbers))
    first, last = ordered[0], ordered[-1]
    if first == last:
        return statements.ROW_CHANGED.said(row=first)
    if last - first + 1 == len(ordered):
        return statements.RANGE_CHANGED.said(first=first, last=last)
    return statements.ROWS_CHANGED.said(rows=ordered)


def _last_row_of_backup(newest: datetime) -> int:
    """The sequence of the last restored row: rows written after the restore are newer than every lost anchor and checkpoint."""
    older = Entry.objects.numbered().filter(at__lte=newest).order_by("-sequence")
    return next(iter(tolerant_rows.read_all(older.values_list("sequence", flat=True)[:1])), 0)


def _lost_checkpoints(acceptances: list[accepted_damage.Acceptance]) -> list[lost_checkpoints.SignedHead]:
    try:
        return lost_checkpoints.find(acceptances)
    except lost_checkpoints.RewrittenError as error:
        raise AcceptanceError(
            "Something is wrong that a backup put back does not explain: "
            f"row {error.size}: {statements.PROBLEMS['checkpoint'].said()}."
        ) from error


def find_lost_rows(anchors: Iterable[Anchor]) -> Finding:
    """The anchors among `anchors` whose rows the log neither has nor archived, and the rows that checkpoints alone name."""
    anchors = list(anchors)
    archived = archive_rows.last_archived()
    verification.check_keys(anchors)
    acceptances = accepted_damage.read_acceptances()
    accepted = accepted_damage.merge(acceptances)
    lost = [
        anchor
        for anchor in anchors
        if anchor.named_row not in accepted.anchors
        and anchor.sequence > archived
        and verification.find_head(anchor) is None
    ]
    signed = _lost_checkpoints(acceptances)
    if not lost and not signed:
        raise AcceptanceError(
            "The log has the rows of all anchors and checkpoints, or their loss is accepted already: no row is missing "
            "that an anchor or a checkpoint of the present origin names."
        )
    pairs = tuple(sorted({anchor.named_row for anchor in lost}))
    verdict = verification.check_log(
        anchors=anchors, accepted=chain.Accepted(accepted.anchors | set(pairs), accepted.rows)
    )
    if not verdict.holds:
        raise AcceptanceError(
            f"Something is wrong that a backup put back does not explain: {verification.describe(verdict)}."
        )
    named = [anchor.sequence for anchor in lost] + [head.size for head in signed]
    times = [datetime.fromisoformat(anchor.at) for anchor in lost] + [head.at for head in signed]
    first, last = min(_last_row_of_backup(max(times)) + 1, *named), max(named)
    if first == last:
        description = statements.ROW_LOST.said(row=first)
    else:
        description = statements.RANGE_LOST.said(first=first, last=last)
    return Finding(chain.ACCEPT_RESTORED_LOG, description, pairs)


def find_lost_anchors(anchors: Iterable[Anchor], until: int | None) -> Finding:
    """The anchors that the log has recorded and that are not among `anchors`: see verification.lost_anchors."""
    anchors = list(anchors)
    verification.check_keys(anchors)
    lost = verification.lost_anchors(anchors, until, accepted_damage.read_acceptances())
    pairs = tuple(sorted({pair for _number, pair in lost}))
    if not pairs:
        raise AcceptanceError("The file has all anchors of which the log tells.")
    return Finding(
        chain.ACCEPT_LOST_ANCHORS, _describe_lost_anchors(len(pairs), pairs[0][0], pairs[-1][0]), pairs
    )


def _describe_lost_anchors(count: int, first: int, last: int) -> str:
    if first == last:
        return statements.ANCHOR_LOST.said(count=count, row=first)
    if first + 1 == last:
        return statements.ANCHOR_RANGE_LOST.said(count=count, first=first, last=last)
    return statements.ANCHORS_LOST.said(count=count, rows=[first, last])


def _check_key(key_id: str) -> None:
    """Raises AcceptanceError when the key does not verify its own first row either: then the key is the wrong one."""
    first = next(iter(Entry.objects.numbered().filter(key_id=key_id).rows()))
    if chain.UNREADABLE in first or chain.check_seal(first, settings.SNAPPORTAL_AUDIT_KEYS):
        raise AcceptanceError(
            f"The key {key_id} does not open row {first['sequence']} either, the first of its rows. "
            "Compare it with your copy of the key: it is a wrong key under the right ID."
        )


def _changed_rows(accepted: chain.Accepted) -> Iterator[Mapping[str, Any]]:
    """Rows whose seal is not valid, and the first row of each name or address that was changed."""
    ring = settings.SNAPPORTAL_AUDIT_KEYS
    names = SubjectChecks(ring, accepted)
    for row in names.reading_ahead(Entry.objects.numbered().rows()):
        if chain.UNREADABLE in row or accepted.covers(row):
            continue
        if chain.check_seal(row, ring) == "hash" or names.check(row):
            names.excuse(row)
            yield row


def find_changed_rows() -> Finding:
    """The rows that were changed, or whose names were, with the digest of each in its present state."""
    verification.check_no_key_is_missing()
    accepted = accepted_damage.merge(accepted_damage.read_acceptances())
    changed = list(islice(_changed_rows(accepted), CHANGED_ROWS_LIMIT + 1))
    if not changed:
        verdict = verification.check_log(accepted=accepted)
        raise AcceptanceError(
            "The signature and the names of every row are valid, or their change is accepted already."
            if verdict.holds
            else f"Something is wrong that is no changed row: {verification.describe(verdict)}. Put back a backup."
        )
    for key_id in {row["key_id"] for row in changed}:
        _check_key(key_id)
    if len(changed) > CHANGED_ROWS_LIMIT:
        raise AcceptanceError(f"More than {CHANGED_ROWS_LIMIT} rows were changed: put back a backup.")
    if any(row["at"] > datetime.now(UTC) for row in changed):
        raise AcceptanceError(
            "The time of a changed row lies ahead, and no row could follow it: put back a backup."
        )
    pairs = tuple((row["sequence"], chain.digest(row)) for row in changed)
    verdict = verification.check_log(accepted=chain.Accepted(accepted.anchors, accepted.rows | set(pairs)))
    if not verdict.holds:
        raise AcceptanceError(
            f"More is wrong than changed rows: {verification.describe(verdict)}. Put back a backup."
        )
    return Finding(chain.ACCEPT_CHANGED_ROWS, _describe_changed(dict(pairs)), pairs)


def accept(finding: Finding, *, reason: str, by: str) -> None:
    """Write the acceptance, in several rows if needed. Raises JournalUnavailableError; then no row is written."""
    size = accepted_damage.PAIRS_PER_ROW
    with journal.committed():
        for start in range(0, max(1, len(finding.pairs)), size):
            evidence = accepted_damage.format_evidence(
                finding.description, finding.pairs[start : start + size]
            )
            journal.record(
                verification.COMMAND_ACTOR.entry(
                    action=finding.action, reason=reason, settled_by=by, evidence=evidence
                )
            )
