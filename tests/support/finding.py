"""Asks the search over everything, and reads its results."""

import re
from html import unescape

from django.test import Client
from django.urls import reverse


def ask(browser: Client, text: str, **more: str) -> str:
    response = browser.get(reverse("find_page"), {"q": text, **more})
    assert response.status_code == 200
    return response.text


def found(browser: Client, text: str, **more: str) -> dict[str, list[tuple[str, str]]]:
    """Heading → address and name of each result."""
    sections = re.findall(
        r'(?s)<section class="found">\s*<h2>(.*?)</h2>\s*<ul>(.*?)</ul>', ask(browser, text, **more)
    )
    return {
        title: [
            (unescape(url), re.sub("<[^>]*>", "", name))
            for url, name in re.findall(r'(?s)<li><a href="([^"]*)">(.*?)</a>', hits)
        ]
        for title, hits in sections
    }
