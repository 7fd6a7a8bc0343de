"""A step of the set-up, as the guide shows it."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.safestring import SafeString

from snapportal.first_run.models import SetupMark

Marks = Mapping[str, SetupMark]


@dataclass(frozen=True, kw_only=True)
class Step:
    """`found` says what is there. `url` and `action`: the page where it is done and the words of the link to it; '' without one.

    `confirm` and `withdraw`: the words of buttons by which a person says that it is done, or takes that back; '' without one.
    """

    key: str
    title: str
    why: str
    found: SafeString | str
    is_done: bool
    url: str
    action: str
    is_optional: bool = False
    is_trouble: bool = False
    mark: str = ""
    confirm: str = ""
    withdraw: str = ""
    names: tuple[str, ...] = ()
    """Of settings or commands that `found` speaks of."""
