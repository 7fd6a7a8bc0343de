"""Rows of the log in the report, in full, and operations that were unknown."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from snapshots.audit.models import Entry
from snapshots.audit.reporting.doubtful import Doubt
from snapshots.templatetags.formats import utc_text
from snapshots.views.entry_lines import EntryLine
from snapshots.views.roster import Roster
from snapshots.views.texts import audit as audit_texts
from snapshots.views.texts import report as texts
from snapshots.views.texts.base import Badge
from snapshots.views.texts.statements import evidence_html

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

NO_OUTCOMES: Final[Mapping[int, Entry]] = {}


@dataclass(frozen=True)
class ReportLine:
    """A row of the log, with times in UTC, and more of it than the list shows.

    `outcome`: of an intent, the newest row of its operation.
    """

    line: EntryLine
    outcome: Entry | None = None

    @property
    def entry(self) -> Entry:
        return self.line.entry

    @property
    def at(self) -> str:
        return utc_text(self.entry.at) if self.entry.is_readable else ""

    @property
    def evidence(self) -> str:
        said = evidence_html(self.entry.full_evidence, self.entry.action)
        return said or audit_texts.missing_html(self.entry, "evidence_subject")

    @property
    def settled_by(self) -> str:
        return self.entry.settled_by or audit_texts.missing_html(self.entry, "settled_by_subject")

    @property
    def result(self) -> Badge:
        return audit_texts.result_badge(self.outcome or self.entry)

    @property
    def note(self) -> "StrPromise | str":
        return audit_texts.code_words(self.outcome or self.entry)


@dataclass(frozen=True)
class DoubtLine:
    """`line`: of the operation's first row. `end`: the row by which it was resolved, also if that was after the period."""

    line: ReportLine
    since: Entry
    badge: Badge
    end: ReportLine | None
    is_later: bool

    @property
    def at(self) -> str:
        return utc_text(self.since.at)

    @property
    def since_at(self) -> datetime:
        return self.since.at

    @property
    def why(self) -> "StrPromise | str":
        return audit_texts.code_words(self.since)


def make_lines(
    entries: Iterable[Entry], roster: Roster, outcomes: Mapping[int, Entry] = NO_OUTCOMES
) -> tuple[ReportLine, ...]:
    entries = list(entries)
    names = roster.names(entries)
    return tuple(
        ReportLine(EntryLine(one, names[one.sequence]), outcomes.get(one.sequence)) for one in entries
    )


def make_doubts(doubts: Sequence[Doubt], roster: Roster) -> tuple[DoubtLine, ...]:
    firsts = make_lines((one.first for one in doubts), roster)
    return tuple(_doubt_line(one, line, roster) for one, line in zip(doubts, firsts, strict=True))


def _doubt_line(doubt: Doubt, line: ReportLine, roster: Roster) -> DoubtLine:
    end = doubt.end or doubt.later
    return DoubtLine(
        line=line,
        since=doubt.since,
        badge=texts.OPEN if doubt.end is None else audit_texts.result_badge(doubt.end),
        end=make_lines([end], roster)[0] if end else None,
        is_later=doubt.end is None and end is not None,
    )
