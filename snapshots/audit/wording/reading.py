"""Finds the statements in a text of the log.

Only one reading counts: one that says exactly this text again, and is the only one. What people typed stands in quotes that it
cannot leave, so nobody can type a statement of the portal.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from snapshots.audit.wording.statements import BETWEEN, LONGEST, Statement, registered


@dataclass(frozen=True)
class Said:
    """A statement with its values. `after`: what stands between it and the next one."""

    statement: Statement
    values: tuple[tuple[str, Any], ...]
    after: str = ""

    @property
    def code(self) -> str:
        return self.statement.code

    def __str__(self) -> str:
        return self.statement.said(**dict(self.values)) + self.after


Reading = tuple[Said, ...]


@lru_cache(maxsize=2048)
def read(text: str, action: str = "") -> Reading:
    """The statements of the text, which stands in a row of this action; () if there is not exactly one reading."""
    if not text or len(text) > LONGEST:
        return ()
    known = [one for one in registered.values() if one.belongs_to(action)]
    whole = [one for one in known if one.is_whole]
    if whole:
        return _whole(whole[0], text)
    found = _readings(text, [one for one in known if not one.is_whole])
    return found[0] if len(found) == 1 else ()


def _whole(statement: Statement, text: str) -> Reading:
    (name,) = statement.kinds
    return (Said(statement, ((name, text),)),)


def _readings(text: str, known: list[Statement]) -> list[Reading]:
    """At most two, which is one too many."""
    found: dict[int, list[Reading]] = {len(text): [()]}
    for at in _starts(text):
        found[at] = []
        for said, end in _at(text, at, known):
            found[at] += [(said, *rest) for rest in found.get(end, [])]
            if len(found[at]) > 1:
                del found[at][2:]
    return found.get(0, [])


def _starts(text: str) -> list[int]:
    """Where a statement may begin, from the last one on."""
    starts = {0}
    for between in BETWEEN:
        at = text.find(between)
        while at >= 0:
            starts.add(at + len(between))
            at = text.find(between, at + 1)
    return sorted(starts - {len(text)}, reverse=True)


def _at(text: str, start: int, known: list[Statement]) -> Iterator[tuple[Said, int]]:
    """The statements that begin here, each with where the next one begins."""
    for statement in known:
        for begin, pattern in statement.patterns:
            if not text.startswith(begin, start):
                continue
            match = pattern.match(text, start)
            if match is None:
                continue
            try:
                values = tuple((name, kind.read(match[name])) for name, kind in statement.kinds.items())
            except ValueError:  # such as the 31st of February
                continue
            if statement.said(**dict(values)) != match[0]:
                continue
            for between in ("", *BETWEEN):
                end = match.end() + len(between)
                if (between and text.startswith(between, match.end())) or end == len(text):
                    yield Said(statement, values, between), end
