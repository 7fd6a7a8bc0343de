"""The sections of the help page, rendered, and the search in them: over what the reader sees, in the reader's language."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from html.parser import HTMLParser
from typing import Final
from unicodedata import normalize

from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from snapshots import contract
from snapshots.connection import Person
from snapshots.views import kept_html
from snapshots.views.access import may_open
from snapshots.views.spelling import HYPHENS, decomposed, folded, pattern
from snapshots.views.texts.glossary import TERMS
from snapshots.views.texts.help_sections import SECTIONS, STOP_WORDS

KEPT_FOR: Final = timedelta(hours=1)
MOST_WORDS: Final = 10
MARKS: Final = "?!.,;:\"'()[]…“”„‘’«»¿¡"
_CONTEXT: Final = {
    "terms": TERMS,
    "limit": contract.MAX_SNAPSHOTS_PER_SERVER,
    "create_minutes": contract.CREATE_MINUTES,
    "restore_minutes": contract.RESTORE_MINUTES,
    "name_max_length": contract.NAME_MAX_LENGTH,
}


@dataclass(frozen=True)
class HelpSection:
    """`is_for_reader`: it is about something that the reader can do."""

    anchor: str
    title: str
    html: SafeString
    is_for_reader: bool
    words: str = ""

    @cached_property
    def text(self) -> str:
        return decomposed(f"{self.title} {self.words} {_Texts.of(self.html)}")

    @property
    def title_html(self) -> SafeString:
        return mark_safe(escape(self.title))  # noqa: S308 - escaped

    def holds(self, words: Iterable[re.Pattern[str]]) -> bool:
        return all(word.search(self.text) for word in words)

    def count(self, words: Iterable[re.Pattern[str]]) -> int:
        """How many of these words it has."""
        return sum(bool(word.search(self.text)) for word in words)


def sections_for(person: Person) -> list[HelpSection]:
    """All of them, in their order."""
    role = getattr(person, "role", "")
    is_operator = may_open(person, "system.see")
    return [
        HelpSection(
            anchor,
            str(section.title),
            _rendered(anchor, role=role, is_operator=is_operator),
            any(may_open(person, one) for one in section.permissions),
            str(section.words),
        )
        for anchor, section in SECTIONS.items()
    ]


def _rendered(anchor: str, *, role: str, is_operator: bool) -> SafeString:
    facts = {"role": role, "is_operator": is_operator}
    key = kept_html.key_of("help", anchor, facts)
    return kept_html.keep(
        key, lambda: render_to_string(f"help/sections/{anchor}.html", _CONTEXT | facts), at_most=KEPT_FOR
    )


def words_of(text: str) -> list[re.Pattern[str]]:
    """What is looked for: each word, in any case, without the marks around it. Of words that every text has only if there are
    no others. The parts of a word with hyphens may also be written together or apart."""
    words = [word.strip(MARKS) or word for word in text.split()]
    ignored = set(folded(str(STOP_WORDS)).split())
    telling = [word for word in words if folded(word) not in ignored]
    return [_pattern(word) for word in list(dict.fromkeys(telling or words))[:MOST_WORDS]]


def _pattern(word: str) -> re.Pattern[str]:
    parts = [pattern(part) for part in HYPHENS.split(word) if part]
    return re.compile(rf"(?:{HYPHENS.pattern}|\s)*".join(parts) or re.escape(word), re.IGNORECASE)


def found_in(
    sections: Sequence[HelpSection], words: Sequence[re.Pattern[str]], *, any_word: bool = False
) -> list[HelpSection]:
    """Those with all of these words, or with any, those with most first. The words are marked in them."""
    found = [one for one in sections if (one.count(words) if any_word else one.holds(words))]
    if any_word:
        found.sort(key=lambda one: -one.count(words))
    return [replace(one, html=marked(one.html, words)) for one in found]


def marked(html: str, words: Sequence[re.Pattern[str]]) -> SafeString:
    """The same markup, with each match within a text as <mark>."""
    if not words:
        return mark_safe(html)  # noqa: S308 - the markup of our own templates
    marker = _Marker(words)
    marker.feed(decomposed(html))
    marker.close()
    return mark_safe(normalize("NFC", "".join(marker.parts)))  # noqa: S308 - the markup of our own templates, and escaped texts


class _Texts(HTMLParser):
    """The texts between the tags."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    @classmethod
    def of(cls, html: str) -> str:
        reader = cls()
        reader.feed(html)
        reader.close()
        return " ".join("".join(reader.parts).split())

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


class _Marker(_Texts):
    """Writes what it reads; `parts` is markup."""

    def __init__(self, words: Sequence[re.Pattern[str]]) -> None:
        super().__init__()
        longest_first = sorted((word.pattern for word in words), key=len, reverse=True)
        self.any = re.compile("|".join(longest_first), re.IGNORECASE)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.parts.append(self.get_starttag_text() or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.parts.append(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.parts.append(_mark(self.any, data))


def _mark(wanted: re.Pattern[str], text: str) -> str:
    parts, end = [], 0
    for found in wanted.finditer(text):
        parts += [escape(text[end : found.start()]), f"<mark>{escape(found.group())}</mark>"]
        end = found.end()
    return "".join([*parts, escape(text[end:])])
