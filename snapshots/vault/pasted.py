"""A token as people paste it: out of a header, a command, a configuration file or a chat. No Django.

Taken off is only what no bearer token can hold (RFC 6750 allows letters, digits and - . _ ~ + /, then = at the end).
"""

import re
import string
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

QUOTES: Final = "\"'`´“”„‟‘’‚‛«»‹›"
EDGES: Final = QUOTES + ",;"
HEADER: Final = re.compile(
    rf"authorization[{QUOTES}]?\s*[:=]\s*[{QUOTES}]?\s*bearer\s+(?P<token>[^\s{QUOTES}]+)", re.IGNORECASE
)


class Part(StrEnum):
    """What stood around a token. Only the kind is told, never the text: that could be a piece of a token."""

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
    (Part.SCHEME, re.compile(r"\Abearer(?::?\s+|\Z)", re.IGNORECASE)),
    (
        Part.NAME,
        re.compile(
            rf"\A(?:export\s+)?(?:[\w.-]*(?:token|key|secret)|authorization)[{QUOTES}]?\s*"
            rf"(?:=\s*(?=[^=\s])|:[\s{QUOTES}]+)",
            re.IGNORECASE,
        ),
    ),
)
"""Layers around a token, each with what takes it off. A = at the end may be part of the token: more must follow."""


@dataclass(frozen=True)
class Pasted:
    """The token, and what was taken off around it."""

    token: str
    left_off: tuple[Part, ...] = ()


def clean(text: str) -> Pasted:
    """Take off everything that is certainly not part of the token; nothing may be left."""
    visible = "".join(sign for sign in text if unicodedata.category(sign) != "Cf")
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
    """What stands around the token, and the text without it."""
    for part, pattern in LAYERS:
        inner = pattern.sub("", text)
        if inner != text:
            return part, inner
    return None
