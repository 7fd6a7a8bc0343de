"""Finds the texts of a page that a browser would translate, and those that the portal does not translate."""

import calendar
import re
from html.parser import HTMLParser

from django.http import HttpResponse
from django.test import Client

from tests.support import pseudo

VOID = {"br", "hr", "img", "input", "link", "meta", "progress", "meter"}
NOT_TRANSLATED = {"title", "script", "style", "template"}
"""A title cannot hold elements; the others are not shown."""
SPOKEN = {"title", "aria-label", "placeholder", "alt", "data-label", "data-copied", "data-title"}
"""Attributes that people read or hear."""
DATA = {"script", "style", "code", "pre", "time", "bdi"}
"""Elements without sentences of the portal."""
CALENDAR = "|".join(
    [*calendar.day_name, *calendar.day_abbr, *calendar.month_name[1:], *calendar.month_abbr[1:]]
)
NO_WORDS = re.compile(rf"SnapPortal|UTC|Weekend|Production|(?<= )/\w+/|\{{\w+\}}|\b(?:{CALENDAR})\b")
"""Names in titles, which hold no elements; variables that people type; what the CLDR does not know of this language."""
WORD = re.compile(r"[A-Za-z]{2,}")
UNREAD = re.compile(r'<span lang="en" dir="ltr" translate="no">(.*?)</span>', re.DOTALL)
TYPED_NAMES = {"typed_name", "name", "username", "email", "label", "person"}


class TextReader(HTMLParser):
    """Collects the texts that a browser would translate, and the fields without translate="no"."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[tuple[str, bool]] = []
        self.texts: list[str] = []
        self.fields: list[str] = []
        self.all_texts: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == [], "an element is not closed"

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        is_kept = ("translate", "no") in attributes or tag in NOT_TRANSLATED
        if tag == "input" and not is_kept:
            self.fields.append(dict(attributes).get("name") or "")
        if not is_kept and not self._is_data():
            self.all_texts += [
                value for name, value in attributes if name in SPOKEN and value and tag != "time"
            ]
        if tag not in VOID:
            self.open.append((tag, is_kept))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop()[0] == tag

    def _is_data(self) -> bool:
        kept = (is_kept and tag not in NOT_TRANSLATED for tag, is_kept in self.open)
        return any(kept) or any(tag in DATA for tag, _is_kept in self.open)

    def handle_data(self, text: str) -> None:
        if not self._is_data():
            self.all_texts.append(text)
        if not any(is_kept for _tag, is_kept in self.open):
            self.texts.append(text)


class Inspector:
    """Looks at pages: `found` holds every name that a browser would translate, with its page.

    `unmarked`: what is in plain letters although the portal speaks a language without them (see pseudo.py). `unread`: texts of
    the log that are shown in English, because no statement says them.
    """

    def __init__(self, names: set[str]) -> None:
        words = sorted(map(re.escape, names), key=len, reverse=True)
        self.names = re.compile(rf"(?<![\w.-])(?:{'|'.join(words)})(?![\w-])")
        self.found: list[str] = []
        self.unmarked: dict[str, str] = {}
        self.unread: dict[str, str] = {}
        self.seen: set[str] = set()

    def look(self, response: HttpResponse, *, shows: str = "") -> None:
        page = response.content.decode()
        assert shows in page or shows in pseudo.plain(page)
        if response.resolver_match:
            self.seen.add(response.resolver_match.url_name)
        reader = TextReader(page)
        self.unread |= dict.fromkeys(UNREAD.findall(page), response.request["PATH_INFO"])
        where = response.request["PATH_INFO"]
        self.found += [f"{where}: {text.strip()}" for text in reader.texts if self.names.search(text)]
        self.unmarked |= {text.strip(): where for text in reader.all_texts if self._is_unmarked(text)}
        self.found += [f"{where}: field {name}" for name in reader.fields if name in TYPED_NAMES]

    def _is_unmarked(self, text: str) -> bool:
        return bool(WORD.search(NO_WORDS.sub("", self.names.sub("", text))))

    def visit(self, client: Client, url: str, **options: str | list[str]) -> None:
        shows = str(options.pop("shows", ""))
        response = client.get(url, options, follow=True)
        assert response.status_code == 200, url
        self.look(response, shows=shows)
