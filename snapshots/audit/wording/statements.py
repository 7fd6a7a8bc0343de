"""Statements: a code, an English template, and the kinds of its values."""

import re
from collections.abc import Iterable
from functools import cached_property
from typing import Any, Final

from snapshots.audit.wording.kinds import CLOSE_QUOTE, COUNT, OPEN_QUOTE, WHOLE, Kind

PLACE: Final = re.compile(r"%\((\w+)\)s")
BETWEEN: Final = ("; ", ", ", " → ", " + ", " ")
"""What may stand between two statements: what another one begins with comes after it."""
LONGEST: Final = 2000
"""Characters of an evidence, as in snapshots/audit/journal.py."""
MORE_LENGTH: Final = 40
"""Room for the statement that more follows."""
LIST_LONGEST: Final = LONGEST - 500
"""Characters of a list, behind which it is said by what right it was done."""


class Statement:
    """Constructing one registers it. `code`: unique. `text`: English, with %(name)s for each value.

    `only`: the actions of the rows in which it stands, "team." for all that begin so; () for all rows. Short ones need it:
    a role alone, say, is a statement of some rows and part of others.
    """

    texts: tuple[str, ...]

    def __init__(self, code: str, text: str, /, *, only: Iterable[str] = (), **kinds: Kind) -> None:
        self.code, self.texts = code, (text,)
        self.only, self.kinds = tuple(only), kinds
        _check(self)
        _register(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.code}>"

    def said(self, **values: Any) -> str:
        """The English text, as the log stores it."""
        return self.text_for(values) % self.written(values)

    def written(self, values: dict[str, Any]) -> dict[str, str]:
        return {name: kind.write(values[name]) for name, kind in self.kinds.items()}

    def text_for(self, _values: dict[str, Any]) -> str:
        return self.texts[0]

    def belongs_to(self, action: str) -> bool:
        return not self.only or any(
            action.startswith(one) if one.endswith(".") else action == one for one in self.only
        )

    @property
    def is_whole(self) -> bool:
        """Whether it is all that its rows say."""
        return WHOLE in self.kinds.values()

    @cached_property
    def has_list(self) -> bool:
        return any(kind.item is not None for kind in self.kinds.values())

    @cached_property
    def patterns(self) -> tuple[tuple[str, re.Pattern[str]], ...]:
        """Of each text: how it begins, and the pattern of all of it."""
        return tuple((text.partition("%(")[0], self._pattern(text)) for text in self.texts)

    def _pattern(self, text: str) -> re.Pattern[str]:
        parts = PLACE.split(text)
        found = [
            f"(?P<{part}>{self.kinds[part].pattern})" if place % 2 else re.escape(part)
            for place, part in enumerate(parts)
        ]
        between = "|".join(map(re.escape, BETWEEN))
        return re.compile(f"{''.join(found)}(?={between}|\\Z)")


class Counted(Statement):
    """One whose text depends on a number, `by`: of one, and of all others."""

    def __init__(
        self, code: str, one: str, many: str, /, *, by: str, only: Iterable[str] = (), **kinds: Kind
    ) -> None:
        self.code, self.texts, self.by = code, (one, many), by
        self.only, self.kinds = tuple(only), kinds
        _check(self)
        _register(self)

    def text_for(self, values: dict[str, Any]) -> str:
        return self.texts[0] if values[self.by] == 1 else self.texts[1]


registered: Final[dict[str, Statement]] = {}


def _register(statement: Statement) -> None:
    if statement.code in registered:
        raise ValueError(f"there are two statements {statement.code}")
    registered[statement.code] = statement


def _check(statement: Statement) -> None:
    """Raises ValueError for a template that could not be read again."""
    for text in statement.texts:
        names = PLACE.findall(text)
        if sorted(names) != sorted(statement.kinds) or "%" in PLACE.sub("", text):
            raise ValueError(f"{statement.code}: its values are not those of its text")
        for name, kind in statement.kinds.items():
            if kind.is_quoted and f"{OPEN_QUOTE}%({name})s{CLOSE_QUOTE}" not in text:
                raise ValueError(f"{statement.code}: {name} must stand in quotes")
    if statement.is_whole and not (statement.only and PLACE.fullmatch(statement.texts[0])):
        raise ValueError(f"{statement.code}: a whole text belongs to certain actions, and stands alone")


def joined(parts: Iterable[str], between: str = "; ", *, longest: int = LONGEST) -> str:
    """Statements in a row, without the empty ones; those that do not fit are counted.

    The first one stays, however long it is: the journal cuts it off where it must.
    """
    said = [one for one in parts if one]
    kept = list(said)
    if len(between.join(said)) > longest:
        while len(kept) > 1 and len(between.join(kept)) > longest - MORE_LENGTH:
            kept.pop()
    left = len(said) - len(kept)
    return between.join([*kept, MORE.said(count=left)] if left else kept)


MORE: Final = Statement("more", "and %(count)s more", count=COUNT)
