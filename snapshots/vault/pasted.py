"""Extracts a token from pasted text: a header, a command, a line of a configuration file or a chat message. No Django.

Only text that cannot be part of a bearer token is removed (RFC 6750 allows letters, digits and - . _ ~ + /, and = at
the end).
"""

import re
import string
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

QUOTES: Final = "\"'`´“”„‟‘’‚‛«»‹›<>＜＞〈〉"
EDGES: Final = QUOTES + ",;"
HEADER: Final = re.compile(
    rf"authorization[{QUOTES}]?\s*[:=]\s*[{QUOTES}]?\s*(?:bearer|token)\s+[{QUOTES}]*(?P<token>[^\s{QUOTES}]+)",
    re.IGNORECASE,
)


class Part(StrEnum):
    """The kind of text removed around a token. Only the kind is reported, because the text could contain part of a token."""

    INVISIBLE = "invisible"
    HEADER = "header"
    COMMAND = "command"
    SPACE = "space"
    QUOTES = "quotes"
    SCHEME = "scheme"
    NAME = "name"


LAYERS: Final = (
    (Part.SPACE, re.compile(r"\A\s+|\s+\Z")),
    (Part.QUOTES, re.compile(rf"\A[{EDGES}]+|[{EDGES}]+\Z")),
    (Part.SCHEME, re.compile(r"\A(?:bearer(?::?\s+|\Z)|token(?:\s+(?![\s=:])|\Z))", re.IGNORECASE)),
    (
        Part.NAME,
        re.compile(
            rf"\A(?:export\s+)?(?:[\w.-]*(?:token|key|secret)|authorization)[{QUOTES}]?\s*"
            rf"(?:=\s*(?=[^=\s])|:[\s{QUOTES}]+)",
            re.IGNORECASE,
        ),
    ),
)
"""Kinds of text around a token, each with the pattern that removes it. NAME needs text after its =, because a final = may
be part of the token."""


@dataclass(frozen=True)
class Pasted:
    """The token, and the kinds of text that were removed around it."""

    token: str
    left_off: tuple[Part, ...] = ()


def clean(text: str) -> Pasted:
    """Remove everything that is certainly not part of the token. The token may be empty afterwards."""
    visible = "".join(character for character in text if unicodedata.category(character) != "Cf")
    left_off = [Part.INVISIBLE] if visible != text else []
    headers = list(HEADER.finditer(visible))
    if len(headers) == 1:
        around = HEADER.sub("", visible).strip(EDGES + string.whitespace)
        left_off.append(Part.COMMAND if around else Part.HEADER)
        visible = headers[0]["token"]
    while layer := _outer_layer(visible):
        part, visible = layer
        left_off.append(part)
    return Pasted(visible, tuple(dict.fromkeys(left_off)))


def _outer_layer(text: str) -> tuple[Part, str] | None:
    """The kind of the outermost text around the token, and the text without it; None when nothing is left to remove."""
    for part, pattern in LAYERS:
        inner = pattern.sub("", text)
        if inner != text:
            return part, inner
    return None
