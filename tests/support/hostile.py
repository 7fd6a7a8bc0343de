"""Shared by the `test_bad_*` files: hostile texts, detection of injected markup, and a count of inputs."""

import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from html.parser import HTMLParser
from io import StringIO
from typing import Any

import pytest
from django.db import connection, models
from django.db.models.signals import pre_save
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from structlog.stdlib import ProcessorFormatter

from snapshots.audit.models import Entry
from tests.support.deep import TIMES

MARK = "zqx"
"""Part of every piece of markup below: it may appear on a page only as text."""

MARKUP = (
    f"<{MARK}>",
    f"</{MARK}>",
    f"<{MARK} on{MARK}=1 style={MARK}>",
    f'"><{MARK} a="',
    f"'><{MARK} a='",
    f'" on{MARK}="1" {MARK}="',
    f"' on{MARK}='1' {MARK}='",
    f"</title><{MARK}>",
    f"</textarea><{MARK}>",
    f"</script><{MARK}>",
    f"--><{MARK}><!--{MARK}",
    f"<!--{MARK}",
    f"<![CDATA[<{MARK}>]]>",
    f"javascript:{MARK}",
    f"//{MARK}.example/",
    f"https://{MARK}.example/",
    "{{ 7|add:7 }}{% load x %}",
    f"&lt;{MARK}&gt;&#60;{MARK}&#62;",
)
CONTROLS = (
    "\0",
    "\r\n",
    "\n",
    "\t",
    "\x1b[31m",
    "\x7f",
    "\x85",
    "\u2028",
    "\u200b",
    "\u202e",
    "\u2066",
    "\ufeff",
    "\ufffe",
)
NUMBERS = (
    "-1",
    "0",
    "٣٤",
    "１２",
    "²",
    "9" * 19,
    "9" * 40,
    "9" * 4400,
    str(2**63),
    str(2**31),
    "1e9",
    "NaN",
    "0x10",
)
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", '"=1', "＝1", "=cmd|' /C calc'!A0")
WORDS = (
    "",
    " ",
    "web-server-01",
    "before-change",
    "../../etc/passwd",
    "%00",
    "%2f",
    "a" * 3000,
    "ÄÖ",
    "👩‍💻",
    "İ",
    "K",
)

nasty_pieces = st.one_of(
    st.sampled_from(MARKUP),
    st.sampled_from(("\0", "\0", *CONTROLS)),  # what PostgreSQL refuses is tried most
    st.sampled_from(NUMBERS),
    st.sampled_from(FORMULAS),
    st.sampled_from(WORDS),
    st.text(max_size=12),
)
nasty_text = st.one_of(nasty_pieces, st.lists(nasty_pieces, min_size=2, max_size=4).map("".join))
"""Text that a person, a browser or a proxy may send."""
any_text = st.one_of(nasty_text, st.text(st.characters(), max_size=12))
"""The same, with lone surrogates, which JSON can encode and UTF-8 cannot."""

header_text = nasty_text.map(
    lambda text: text.replace("\r", "").replace("\n", "").encode()[:2000].decode("latin-1")
)
"""Text of a header, decoded as WSGI does."""

query_values = st.one_of(
    nasty_text,
    st.sampled_from(
        ["name", "-created", "size", "location", "running", "ready", "snapshot.create", "completed",
         "2026-02-30", "2026-11-24", "9999-12-31",
         "0001-01-01", "2999-12-31", "s801", "s" + "9" * 4400, "s٣,o" + "f" * 36, "1", "2"]
    ),
)  # fmt: skip

counted: dict[str, int] = {}
"""Test name → number of inputs that it tries."""


def hostile(inputs: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Run a @given test with at least `inputs` inputs (see tests/support/deep.py); fail if it tried fewer."""
    inputs *= TIMES

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        counted[test.__qualname__] = inputs
        inner = test.hypothesis.inner_test  # type: ignore[attr-defined]
        tried = 0

        @wraps(inner)
        def counting(*args: Any, **kwargs: Any) -> None:
            nonlocal tried
            tried += 1
            inner(*args, **kwargs)

        test.hypothesis.inner_test = counting  # type: ignore[attr-defined]
        test = settings(
            max_examples=inputs,
            deadline=None,
            database=None,
            derandomize=bool(os.environ.get("CI")),
            suppress_health_check=list(HealthCheck),
        )(test)

        @wraps(test)
        def run(*args: Any, **kwargs: Any) -> None:
            nonlocal tried
            tried = 0
            test(*args, **kwargs)
            assert tried >= inputs, f"only {tried} inputs were tried"

        return run

    return decorate


# --- Injected markup ------------------------------------------------------------------------------------------------
ADDRESSES = frozenset(
    {"href", "src", "action", "formaction", "hx-get", "hx-post", "data", "poster", "srcdoc"}
)
ACTIVE = ("javascript:", "vbscript:", "data:", "//")


class _Reader(HTMLParser):
    """Collects elements and attributes that cannot come from a template of the portal."""

    def __init__(self) -> None:
        super().__init__()
        self.strange: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if MARK in tag:
            self.strange.append(f"<{tag}>")
        for name, value in attrs:
            text = (value or "").strip().lower()
            is_strange = MARK in name or name.startswith("on") or name == "style" or "<" in name
            leads_away = name in ADDRESSES and (
                text.startswith(ACTIVE) or f"://{MARK}" in text.partition("?")[0]
            )
            if is_strange or leads_away:
                self.strange.append(f"<{tag} {name}={value!r}>")

    def handle_endtag(self, tag: str) -> None:
        if MARK in tag:
            self.strange.append(f"</{tag}>")

    def handle_comment(self, data: str) -> None:
        if MARK in data:
            self.strange.append(f"<!--{data}")

    handle_decl = handle_pi = unknown_decl = handle_comment


def strange_markup(html: str) -> list[str]:
    """Injected markup in the page; empty if everything was escaped."""
    if MARK not in html:
        return []
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.strange


# --- What PostgreSQL would refuse and SQLite accepts ----------------------------------------------------------------
def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, dict):
        yield from _texts(list(value.values()))


def _check_parameters(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    for text in _texts(params or ()):
        assert "\0" not in text, f"a NUL reaches the database: {text!r}"
        text.encode()
    for number in params or ():
        assert not isinstance(number, int) or -(2**63) <= number < 2**63, "a number that no column holds"
    if sql.startswith(
        f'INSERT INTO "{Entry._meta.db_table}"'
    ):  # journal.py saves no object, so there is no signal
        for field, value in zip(Entry._meta.concrete_fields, params, strict=True):
            _check_length(field, value)
    return execute(sql, params, many, context)


def _check_length(field: "models.Field[Any, Any]", value: Any) -> None:
    if isinstance(field, models.CharField) and field.max_length and value is not None:
        assert len(value) <= field.max_length, f"{field} gets {len(value)} characters"


def _check_lengths(sender: type[models.Model], instance: models.Model, **_more: object) -> None:
    for field in instance._meta.concrete_fields:
        _check_length(field, getattr(instance, field.attname))


@contextmanager
def strict_database() -> Iterator[None]:
    """Make SQLite as strict as PostgreSQL: no NUL, no lone surrogate, no text longer than its column."""
    pre_save.connect(_check_lengths, dispatch_uid="hostile")
    try:
        with connection.execute_wrapper(_check_parameters):
            yield
    finally:
        pre_save.disconnect(dispatch_uid="hostile")


# --- The portal's log ------------------------------------------------------------------------------------------------
@contextmanager
def log_lines() -> Iterator[Callable[[], list[str]]]:
    """The lines that the portal's log handler writes, split wherever a terminal or a tool may end a line."""
    (handler,) = [
        one for one in logging.getLogger().handlers if isinstance(one.formatter, ProcessorFormatter)
    ]
    stream = StringIO()
    before = handler.setStream(stream)
    try:
        yield lambda: stream.getvalue().splitlines()
    finally:
        handler.setStream(before)


@pytest.fixture
def strict(db) -> Iterator[None]:
    """A database as strict as PostgreSQL; afterwards every logged line must be one JSON object."""
    with strict_database(), log_lines() as lines:
        yield
        for line in lines():
            assert isinstance(json.loads(line), dict)


# --- Answers --------------------------------------------------------------------------------------------------------
PLANNED = frozenset({200, 204, 301, 302, 303, 400, 403, 404, 405, 409, 413, 422, 429, 503})


def check(answer: Any, context: str = "") -> None:
    """The status is planned, headers and page hold no injected content, and a redirect stays on this site."""
    assert answer.status_code in PLANNED, f"{answer.status_code} {context}"
    for name, value in answer.headers.items():
        assert value.isascii(), name
        assert not set("\r\n\0") & set(value), name
    if not answer.streaming and answer["Content-Type"].startswith("text/html"):
        assert strange_markup(answer.content.decode()) == []
    place = answer.get("Location", answer.get("HX-Redirect", ""))
    assert place.startswith(("/", "?")) or not place, place
    assert not place.startswith(("//", "/\\")), place
