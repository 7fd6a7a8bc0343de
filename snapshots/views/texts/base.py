"""Data types of texts: a banner and a badge."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


@dataclass(frozen=True)
class Words:
    """The texts of a banner. `kind`: info, warn, bad or good."""

    kind: str
    title: "StrPromise | str"
    meaning: "StrPromise | str" = ""
    advice: "StrPromise | str" = ""


@dataclass(frozen=True)
class Badge:
    """A badge. `kind`: ok, warn, bad, moving or neutral."""

    kind: str
    text: "StrPromise | str"
