"""Verifies the names and addresses to which rows refer: each opens its commitment, or was erased by a row of the log.

What the commitment does not cover is verified, too: the lookup by which a name is found to be erased, and the day by which
an address is.

Subjects are read in batches, those of many rows at once, and each only once.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from operator import itemgetter
from typing import Final

from snapshots.audit import chain, erasure_rows, sealing, subjects
from snapshots.audit.chain import Accepted, KeyRing, Problem
from snapshots.audit.sealing import Row
from snapshots.audit.subjects import Kind, Subject

ROWS_PER_READ: Final = 1000
DaysOf = Callable[[set[str]], Iterable[tuple[str, str]]]
_commitments: Final = itemgetter(*sealing.SUBJECT_COLUMNS)


def _day(at: datetime) -> str:
    return sealing.format_time(at)[: sealing.DAY_LENGTH]


def _is_found_by_itself(subject: Subject) -> bool:
    """Whether its lookup is that of its values, and it has a day if and only if it is an address."""
    return subject.lookup == subject.named.lookup and (subject.day is None) == (subject.kind != Kind.ADDRESS)


class SubjectChecks:
    """Checks the rows that pass through `reading_ahead`, in that order.

    `_sound` holds the commitments whose subject is in order, and the empty text of a column without one; `_unsound` the
    problem of each other one. Few rows have one that was not read yet, so most rows take two operations on sets.
    """

    def __init__(self, ring: KeyRing, accepted: Accepted) -> None:
        self._ring = ring
        self._accepted = accepted
        self._sound: set[object] = {""}
        self._unsound: dict[str, Problem] = {}
        self._recorded: dict[int, bool] = {}
        self._days: dict[str, str] = {}
        """Of each address in order that is not erased: its day (`2026-11-28`), which must be that of its rows."""

    def reading_ahead(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The same rows; the subjects of each batch are read before its first row is passed on."""
        rest = iter(rows)
        while batch := list(islice(rest, ROWS_PER_READ)):
            readable = [row for row in batch if chain.UNREADABLE not in row]
            self._read(set().union(*map(_commitments, readable)))
            yield from batch

    def are_sound(self, commitments: set[str], days_of: DaysOf) -> bool:
        """Whether all these subjects of valid rows are in order.

        Reads those that were not read before, and asks for the days of new addresses alone: `days_of` gives each of them
        with the day of each row that refers to it.
        """
        new = self._read(set(commitments)) & self._days.keys()
        if not commitments <= self._sound:
            return False
        return not new or all(self._days[one] == day for one, day in days_of(new))

    def check(self, row: Row) -> Problem:
        """The problem of the first subject of this row that has one; of a row that records an erasure, also its own.

        The row's own seal has been checked. A problem that an operator accepted at its first row is no problem later.
        """
        refers_to = _commitments(row)
        problem: Problem = ""
        if not self._sound.issuperset(refers_to):
            problem = next(self._unsound[one] for one in refers_to if one not in self._sound)
        elif (day := self._days.get(row["address_subject"])) and day != _day(row["at"]):
            problem = "subject"
        if not problem and row["action"] in erasure_rows.ACTIONS:
            problem = self._check_erasure(row)
        if problem and self._accepted.covers(row):
            self.excuse(row)
            return ""
        return problem

    def excuse(self, row: Row) -> None:
        """Take the subjects of this row as sound from here on."""
        self._sound.update(_commitments(row))
        self._days.pop(row["address_subject"], None)

    def _check_erasure(self, row: Row) -> Problem:
        recorded = erasure_rows.recorded_in(row)
        return "erasure" if recorded and recorded != erasure_rows.stored_under(row["sequence"]) else ""

    def _read(self, values: set[object]) -> set[str]:
        """Returns the commitments that were not read before.

        A value that is no text makes its row's seal invalid, which is reported first.
        """
        new = values - self._sound - self._unsound.keys()
        wanted = {value for value in new if isinstance(value, str)}
        found = {subject.commitment: subject for subject in subjects.read(wanted)}
        for commitment in wanted:
            problem = self._problem_of(commitment, found.get(commitment))
            if problem:
                self._unsound[commitment] = problem
                continue
            self._sound.add(commitment)
            subject = found[commitment]
            if subject.day is not None and not subject.is_erased:
                self._days[commitment] = subject.day.isoformat()
        return wanted

    def _problem_of(self, commitment: str, subject: Subject | None) -> Problem:
        if subject is None:
            is_there = Subject.objects.filter(commitment=commitment).exists()
            return "subject" if is_there else "subject_missing"
        if subject.is_erased:
            return "" if self._is_erased_rightly(subject) else "erasure"
        return "" if subject.opens and _is_found_by_itself(subject) else "subject"

    def _is_erased_rightly(self, subject: Subject) -> bool:
        """Whether nothing is left of it, and a row records an erasure under the number that it names.

        Whether that row covers it is checked at the row, over all subjects that name it.
        """
        number = subject.erased_in
        if subject.value or subject.salt or subject.lookup or type(number) is not int:
            return False
        if number not in self._recorded:
            self._recorded[number] = erasure_rows.is_recorded(number, self._ring)
        return self._recorded[number]
