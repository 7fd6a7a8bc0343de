"""When work without a browser tries an operation again that the portal's rules refused. Nothing was sent for it (promise 10)."""

from typing import Final

FIRST_PAUSE_SECONDS: Final = 5
MAX_DOUBLINGS: Final = 30
PASSING_CODES: Final = frozenset(
    {"told_to_wait", "not_confirmed_live", "list_incomplete", "being_checked", "place_reserved"}
)
"""Codes of OperationRefusedError that end by themselves."""


def pause_seconds(tries: int, *, longest: int, at_least: int = 0) -> int:
    """The pause after the try with this number, counted from 0: each is recorded in the log, so it doubles up to `longest`.

    `at_least`: what the refusal itself asks for.
    """
    doubled: int = FIRST_PAUSE_SECONDS << min(tries, MAX_DOUBLINGS)
    return max(min(doubled, longest), at_least)
