"""Finds the statements in a text of the log.

Only one reading counts: one that says exactly this text again, and is the only one. What people typed stands in quotes that it
cannot leave, so nobody can type a statement of the portal.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from snapshots.audit.wording.statements import BETWEEN, LONGEST, Statement, registered

Values = tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Said:
    """A statement with its values. `after`: what stands between it and the next one."""

    statement: Statement
    values: Values
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
    ends = _ends(text)
    found: dict[int, list[Reading]] = {len(text): [()]}
    for at in sorted({0, *ends.values()} - {len(text)}, reverse=True):
        readings = [
            (Said(statement, values, text[end : ends[end]]), *rest)
            for statement, values, end in _at(text, at, known, ends)
            for rest in found.get(ends[end], [])
        ]
        found[at] = readings[:2]
    return found.get(0, [])


def _ends(text: str) -> dict[int, int]:
    """Where a statement may end, and where the next one would begin."""
    ends: dict[int, int] = {}
    for between in BETWEEN:
        at = text.find(between)
        while at >= 0:
            ends.setdefault(at, at + len(between))
            at = text.find(between, at + 1)
    return ends | {len(text): len(text)}


def _at(
    text: str, start: int, known: list[Statement], ends: dict[int, int]
) -> Iterator[tuple[Statement, Values, int]]:
    """The statements that begin here, each with its end."""
    for statement in known:
        for begin, pattern in statement.patterns:
            if text.startswith(begin, start):
                for match in _matches(statement, pattern, text, start, ends):
                    values = _values(statement, match)
                    if values is not None:
                        yield statement, values, match.end()


def _matches(
    statement: Statement, pattern: re.Pattern[str], text: str, start: int, ends: dict[int, int]
) -> list[re.Match[str]]:
    """A list may take for its item what is the next statement: so each of its ends is tried."""
    if not statement.has_list:
        found = [pattern.match(text, start)]
    else:
        found = [pattern.fullmatch(text, start, end) for end in ends if end > start]
    return [match for match in found if match is not None]


def _values(statement: Statement, match: re.Match[str]) -> Values | None:
    """None if it would say them in other words."""
    try:
        values = tuple((name, kind.read(match[name])) for name, kind in statement.kinds.items())
    except ValueError:  # such as the 31st of February
        return None
    return values if statement.said(**dict(values)) == match[0] else None
