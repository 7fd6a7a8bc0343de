"""What the report is about: the month, its rows, and what of it is not counted."""

from dataclasses import dataclass

from snapshots.audit.models import Entry
from snapshots.audit.reporting.coverage import Coverage
from snapshots.audit.reporting.listed import REFUSED
from snapshots.audit.reporting.operations import ACTIONS
from snapshots.audit.reporting.tally import Tally
from snapshots.audit.tree_models import Checkpoint
from snapshots.templatetags.formats import utc_text
from snapshots.views.links import link
from snapshots.views.texts import report as texts


@dataclass(frozen=True)
class End:
    """The first or the last row that is counted."""

    number: int
    at: str
    hash: str
    url: str


@dataclass(frozen=True)
class ArchivedRows:
    """An archive file with rows of the month, none of which is counted."""

    first: int
    last: int
    until: str
    url: str


@dataclass(frozen=True)
class Period:
    """`problems`: sentences about rows that are not counted because something is wrong with them."""

    month: str
    since: str
    until: str
    as_of: str
    rows: str
    steps: str
    refused: str
    others: str
    first: End | None
    last: End | None
    checkpoint: Checkpoint | None
    archived: tuple[ArchivedRows, ...]
    too_many: str
    problems: tuple[str, ...]


def make_period(coverage: Coverage, tally: Tally) -> Period:
    ends = coverage.ends()
    refused = tally.count(result=REFUSED)
    steps = sum(one.number for one in tally.groups if one.action in ACTIONS and one.result != REFUSED)
    return Period(
        month=texts.month_text(coverage.month),
        since=utc_text(coverage.month.since),
        until=utc_text(coverage.month.until),
        as_of=utc_text(coverage.as_of),
        rows=texts.number_text(tally.number),
        steps=texts.number_text(steps),
        refused=texts.number_text(refused),
        others=texts.number_text(tally.number - steps - refused),
        first=_end(ends[0]) if ends else None,
        last=_end(ends[1]) if ends else None,
        checkpoint=coverage.checkpoint(),
        archived=_archived(coverage),
        too_many=texts.too_many_sentence(coverage.too_many) if coverage.too_many else "",
        problems=tuple(_problems(coverage, tally)),
    )


def _end(entry: Entry) -> End:
    at = utc_text(entry.at) if entry.is_readable else ""
    return End(entry.sequence, at, entry.hash, link("entry_detail", entry.sequence))


def _archived(coverage: Coverage) -> tuple[ArchivedRows, ...]:
    return tuple(
        ArchivedRows(one.first, one.last, one.head.at, link("archive_detail", one.first))
        for one in coverage.archives
    )


def _problems(coverage: Coverage, tally: Tally) -> list[str]:
    if not tally.is_readable:
        return [texts.unreadable_month()]
    found = []
    if tally.unreadable:
        found.append(texts.unreadable_sentence(tally.unreadable))
    if tally.foreign:
        found.append(texts.foreign_sentence(tally.foreign))
    if missing := coverage.numbers - tally.number:
        found.append(texts.missing_sentence(missing))
    return found
