"""Finds the texts of a page that a browser would translate."""

import re
from html.parser import HTMLParser

from django.http import HttpResponse
from django.test import Client

VOID = {"br", "hr", "img", "input", "link", "meta", "progress", "meter"}
NOT_TRANSLATED = {"title", "script", "style", "template"}
"""A title cannot hold elements; the others are not shown."""
TYPED_NAMES = {"typed_name", "name", "username", "email", "label", "person"}


class TextReader(HTMLParser):
    """Collects the texts that a browser would translate, and the fields without translate="no"."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[tuple[str, bool]] = []
        self.texts: list[str] = []
        self.fields: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == [], "an element is not closed"

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        is_kept = ("translate", "no") in attributes or tag in NOT_TRANSLATED
        if tag == "input" and not is_kept:
            self.fields.append(dict(attributes).get("name") or "")
        if tag not in VOID:
            self.open.append((tag, is_kept))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop()[0] == tag

    def handle_data(self, text: str) -> None:
        if not any(is_kept for _tag, is_kept in self.open):
            self.texts.append(text)


class Inspector:
    """Looks at pages: `found` holds every name that a browser would translate, with its page."""

    def __init__(self, names: set[str]) -> None:
        words = sorted(map(re.escape, names), key=len, reverse=True)
        self.names = re.compile(rf"(?<![\w.-])(?:{'|'.join(words)})(?![\w-])")
        self.found: list[str] = []
        self.seen: set[str] = set()

    def look(self, response: HttpResponse, *, shows: str = "") -> None:
        page = response.content.decode()
        assert shows in page
        if response.resolver_match:
            self.seen.add(response.resolver_match.url_name)
        reader = TextReader(page)
        where = response.request["PATH_INFO"]
        self.found += [f"{where}: {text.strip()}" for text in reader.texts if self.names.search(text)]
        self.found += [f"{where}: field {name}" for name in reader.fields if name in TYPED_NAMES]

    def visit(self, client: Client, url: str, **options: str | list[str]) -> None:
        shows = str(options.pop("shows", ""))
        response = client.get(url, options, follow=True)
        assert response.status_code == 200, url
        self.look(response, shows=shows)
