"""Verifies the whole log against its keys and anchors, and describes the result in English for logs and terminals."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain as chained
from typing import Final

from django.conf import settings

from snapshots.audit import accepted_damage, chain, holds, missing_keys, sealing, statements, tolerant_rows
from snapshots.audit.accepted_damage import Acceptance, Pair
from snapshots.audit.archiving import rows as archive_rows
from snapshots.audit.archiving.remaining import check_remaining
from snapshots.audit.archiving.rows import Archive
from snapshots.audit.archiving.verification import FileFinding
from snapshots.audit.chain import Anchor, Head, Verdict
from snapshots.audit.journal import Actor
from snapshots.audit.log_reader import LogReader
from snapshots.audit.models import Entry
from snapshots.audit.subject_verification import SubjectChecks
from snapshots.audit.tile_check import TileCheck
from snapshots.audit.wording.statements import joined

COMMAND_ACTOR: Final = Actor(id=None, name="", role="", channel="command")
ANCHOR_EVIDENCE: Final = re.compile(r"row (\d+), hash ([0-9a-f]{64}); noted by ([a-z, ]+)")
"""The `evidence` of a row whose action is `audit.anchor`."""
_AFTER_THE_CHAIN: Final = frozenset({"archive", "checkpoint", "gone", "leaf", "lost", "tile"})
"""Problems that are looked for when the chain of all rows has been verified, so the row may be any of them."""
_RESTORED: Final = (
    "If a backup was put back, docs/operators.md tells how to go on (manage.py accept_restored_log)."
)
_SUBJECT: Final = (
    "Put back the table of names from a backup; else see docs/operators.md (manage.py accept_changed_rows)."
)
ADVICE: Final = {
    "cut": _RESTORED,
    "anchor": _RESTORED,
    "checkpoint": _RESTORED,
    "cut_tree": _RESTORED,
    "archive": "Put the file back from its copy (docs/operators.md, Archive).",
    "gone": "Its content is in the archive file. Put the row back from a backup, and find out who deleted it.",
    "lost": "Put the lines back; if there is no copy, see docs/operators.md (manage.py accept_lost_anchors).",
    "subject": _SUBJECT,
    "subject_missing": _SUBJECT,
    "erasure": _SUBJECT,
    "hash": "Compare the key first; then see docs/operators.md (a backup, or manage.py accept_changed_rows).",
}
"""What to do about a problem that does not end the use of the log."""


class WrongKeyError(Exception):
    """A key is missing, or verifies nothing that is sealed or signed under its ID: the log cannot be checked without it."""


def check_keys(anchors: Iterable[Anchor] = ()) -> None:
    """Raises WrongKeyError for a missing key, and for one that verifies no row and no anchor under its ID."""
    anchors = list(anchors)
    check_no_key_is_missing(anchors)
    ring = settings.SNAPPORTAL_AUDIT_KEYS
    signers = {anchor.key_id for anchor in anchors if chain.has_valid_signature(anchor, ring)}
    for key_id in ring:
        rows = Entry.objects.numbered().filter(key_id=key_id).rows()
        first = next(rows, None)
        if first is None or key_id in signers:
            continue
        if not any(_is_sealed_with(row, key_id) for row in chained([first], rows)):
            raise WrongKeyError(
                f"the key {key_id} does not open row {first['sequence']}, nor any other row that is sealed under its ID: it is "
                f"a wrong key under the right ID. Compare {key_id} in SNAPPORTAL_AUDIT_KEYS with your copy of the key"
            )


def check_no_key_is_missing(anchors: Iterable[Anchor] = ()) -> None:
    """Raises WrongKeyError when the log tells of a key that is not configured: see missing_keys.py."""
    if missing := missing_keys.find(anchors):
        raise WrongKeyError(
            f"SNAPPORTAL_AUDIT_KEYS lacks {', '.join(missing)}: rows or anchors of this log are sealed with that. Put it back "
            "from your copy of the keys, behind newer ones. If the portal never had such a key, those rows are forged"
        )


def _is_sealed_with(row: sealing.Row, key_id: str) -> bool:
    if chain.UNREADABLE in row or row["key_id"] != key_id:
        return False
    return not chain.check_seal(row, settings.SNAPPORTAL_AUDIT_KEYS)


def check_log(
    *,
    start: Head | None = None,
    anchors: Iterable[Anchor] = (),
    accepted: chain.Accepted | None = None,
    tile_check: TileCheck | None = None,
) -> Verdict:
    """Verify all present rows, or all after `start`, and the names to which they refer, without blocking writers.

    The chain begins after the rows that are archived; those of them that are still there are verified one by one.
    `tile_check` gets the leaf of each row (see tree_verification.py), None for an archived one.
    `accepted` is the damage to excuse; the default is what the log's acceptance rows name. Raises WrongKeyError when a
    missing or wrong key, not the log, is the cause of a problem.
    """
    anchors = list(anchors)
    last = Entry.objects.all().last_sequence()
    if accepted is None:
        accepted = accepted_damage.merge(accepted_damage.read_acceptances())
    archive = archive_rows.newest()
    verdict = _check_after(archive, start, last, anchors, accepted, tile_check)
    if verdict.problem == "gap":
        if tile_check is None and archive_rows.newest() != archive:  # rows left the database meanwhile
            return check_log(start=start, anchors=anchors, accepted=accepted)
        changed = archive_rows.first_changed()
        verdict = replace(verdict, first_broken=changed, problem="hash") if changed else verdict
    if verdict.problem in {"hash", "anchor"}:
        check_keys(anchors)
    elif not verdict.holds:  # rows that accept damage, or archive rows, count only when their key is there
        check_no_key_is_missing(anchors)
    return verdict


def _check_after(
    archive: Archive | None,
    start: Head | None,
    last: int | None,
    anchors: list[Anchor],
    accepted: chain.Accepted,
    tile_check: TileCheck | None,
) -> Verdict:
    """Verify the rows up to `last` after `start` or after the archived ones, and first what is left of the archived ones."""
    ring = settings.SNAPPORTAL_AUDIT_KEYS
    entries = Entry.objects.all()
    names = SubjectChecks(ring, accepted)

    def check_more(row: sealing.Row) -> chain.Problem:
        return names.check(row) or ("" if holds.agrees(row) else "hold")

    below = Verdict(0, None, "", start or Head())
    if archive and (start is None or start.sequence < archive.last):
        remaining = names.reading_ahead(entries.rows(after=0, until=archive.last))
        below = check_remaining(remaining, archive.head, ring, accepted, check_more)
        if not below.holds:
            return below
        if tile_check:
            for _row in range(archive.last):
                tile_check.add(None)
    reader = LogReader(
        ring,
        accepted,
        start=below.head,
        until=last,
        anchors=anchors,
        subject_checks=names,
        tile_check=tile_check,
    )
    verdict = chain.verify(
        chained(names.reading_ahead(entries.rows(until=0)), reader),
        ring,
        start=below.head,
        anchors=anchors,
        accepted=accepted,
        check_more=check_more,
    )
    return replace(verdict, count=below.count + verdict.count)


def find_head(anchor: Anchor) -> Head | None:
    """The row that an anchor names as a Head; None when the log does not have it with that hash."""
    try:
        found = tolerant_rows.read_all(
            Entry.objects.filter(sequence=anchor.sequence, hash=anchor.hash).values()[:1]
        )
    except tolerant_rows.UnreadableError:
        return None
    return next(map(Head.of, found), None)


def recorded_anchors(acceptances: Iterable[Acceptance], until: int | None) -> Iterator[tuple[int, Pair]]:
    """Every anchor that must be in the anchor file, with the sequence of the row that records it.

    An anchor that was given up must stay in the file too, so that an auditor can see what was given up.
    """
    for row in Entry.objects.filter(action="audit.anchor").rows(until=until):
        recorded = ANCHOR_EVIDENCE.match(str(row.get("evidence")))
        if recorded and "file" in recorded[3].split(", "):
            yield int(row["sequence"]), (int(recorded[1]), recorded[2])
    for acceptance in acceptances:
        if acceptance.action == chain.ACCEPT_RESTORED_LOG:
            yield from ((acceptance.sequence, pair) for pair in acceptance.pairs)


def lost_anchors(
    anchors: Iterable[Anchor], until: int | None, acceptances: list[Acceptance]
) -> list[tuple[int, Pair]]:
    """The recorded anchors that are not among `anchors` and whose loss is not accepted, each with its recording row.

    `until` is the last row before the file was read; later rows may record anchors that were not in the file yet.
    """
    present = {anchor.named_row for anchor in anchors}
    present |= set(accepted_damage.pairs_of(chain.ACCEPT_LOST_ANCHORS, acceptances))
    return [(number, pair) for number, pair in recorded_anchors(acceptances, until) if pair not in present]


def first_row_of_lost_anchor(
    anchors: Iterable[Anchor], until: int | None, acceptances: list[Acceptance]
) -> int | None:
    """The sequence of the first row that records a lost anchor, or None: see lost_anchors. Raises WrongKeyError when a
    key is missing without which the loss cannot be known to be accepted."""
    lost = min((number for number, _pair in lost_anchors(anchors, until, acceptances)), default=None)
    if lost:
        check_no_key_is_missing()
    return lost


def with_lost_anchor(verdict: Verdict, lost: int | None) -> Verdict:
    """`verdict`, or the problem `lost` at the row `lost` when that is given and all rows are valid."""
    return replace(verdict, first_broken=lost, problem="lost") if verdict.holds and lost else verdict


def with_wrong_archive(verdict: Verdict, finding: FileFinding | None) -> Verdict:
    """`verdict`, or the problem of the archive when that is given and all rows are valid."""
    if finding is None or not verdict.holds:
        return verdict
    return replace(verdict, first_broken=finding.first, problem=finding.kind)


def _describe_broken(verdict: Verdict, first_broken: int) -> str:
    extent = statements.HOLD_BEFORE.said(count=verdict.count)
    if verdict.problem in _AFTER_THE_CHAIN and verdict.head.sequence >= first_broken:
        extent = statements.CHAIN_HOLDS.said(count=verdict.count, row=verdict.head.sequence)
    problem = statements.PROBLEMS[verdict.problem].said()
    return joined([statements.BROKEN_AT.said(row=first_broken), problem, extent], " ")


def describe(
    verdict: Verdict, anchors: int = 0, given_up: int = 0, archived: int = 0, *, with_archives: bool = True
) -> str:
    """A verdict as text. `archived` is the last archived row; `with_archives` says whether the files were checked.

    `12 rows hold, up to row 12 (anchors that agree: 3) (given up: 2)` or `row 7: its signature is not valid …`.
    """
    if verdict.first_broken is not None:
        return _describe_broken(verdict, verdict.first_broken)
    of_archives = statements.ARCHIVED_UP_TO if with_archives else statements.ARCHIVED_UNCHECKED
    return joined(
        [
            statements.HOLDS.said(count=verdict.count, row=verdict.head.sequence),
            of_archives.said(row=archived) if archived else "",
            statements.ANCHORS_AGREE.said(count=anchors) if anchors else "",
            statements.GIVEN_UP.said(count=given_up) if given_up else "",
        ],
        " ",
    )
