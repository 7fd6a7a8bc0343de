"""Reading pages in tests: text, hidden fields and element ids."""

import re
from html import unescape

from django.http import HttpResponse
from django.test import Client

POLLING = re.compile(r'(?<!/bell/" )hx-trigger="every (\d+)s"')
"""What polls by itself, with its interval in seconds; not the bell of every page."""


def text_of(response: HttpResponse) -> str:
    """The page as a reader sees it: no tags, whitespace as single spaces."""
    body = re.sub(r"(?s)<(svg|head|template).*?</\1>", " ", response.content.decode())
    body = re.sub(r"</?bdi[^>]*>", "", body)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


def hidden(response: HttpResponse, name: str) -> str:
    found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', response.content.decode())
    assert found, f"no hidden field {name}"
    return unescape(found.group(1))


def confirm(client: Client, url: str, **fields: str) -> HttpResponse:
    """Open a confirmation page and send its form, as a browser does."""
    return client.post(url, {"confirmation": hidden(client.get(url), "confirmation"), **fields})


def ids_of(response: HttpResponse) -> list[str]:
    return re.findall(r'\bid="([^"]*)"', response.content.decode())
