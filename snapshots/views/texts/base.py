"""The shapes of a text: a banner's words and a badge."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


@dataclass(frozen=True)
class Words:
    """`kind` is a banner's: info, warn, bad or good."""

    kind: str
    title: "StrPromise | str"
    meaning: "StrPromise | str" = ""
    advice: "StrPromise | str" = ""


@dataclass(frozen=True)
class Badge:
    """`kind` is a badge's: ok, warn, bad, moving or neutral."""

    kind: str
    text: "StrPromise | str"
