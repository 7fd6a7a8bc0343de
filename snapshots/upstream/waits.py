"""Until when the provider asked us not to use a token (Retry-After of a 429 or 5xx). The client asks before each call."""

from typing import Protocol


class Waits(Protocol):
    """What is remembered for one token. An implementation lies outside of this package, which knows no storage.

    `optional` calls are those that the portal can do without. A wait that one of them was given holds only them: what is
    needed must not suffer from it. Every other wait holds all calls.
    """

    def seconds_left(self, *, optional: bool) -> float:
        """0 or less when such a call may be sent."""

    def remember(self, seconds: float, *, optional: bool) -> None: ...


class NoWaits:
    """For a client that is used once."""

    def seconds_left(self, *, optional: bool) -> float:
        return 0.0

    def remember(self, seconds: float, *, optional: bool) -> None:
        pass
