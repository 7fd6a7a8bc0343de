"""How long the provider asked the portal not to use a token (Retry-After of a 429 or 5xx). Checked before each call."""

from typing import Protocol


class Waits(Protocol):
    """The stored waits of one token. Implementations are outside of this package, which has no storage.

    `optional` calls are those that the portal can work without. A wait requested for one of them applies only to optional
    calls, so that it does not block required ones. Every other wait applies to all calls.
    """

    def seconds_left(self, *, optional: bool) -> float:
        """0 or less if such a call may be sent now."""

    def remember(self, seconds: float, *, optional: bool) -> None: ...


class NoWaits:
    """Stores nothing: for a client that is used once."""

    def seconds_left(self, *, optional: bool) -> float:
        return 0.0

    def remember(self, seconds: float, *, optional: bool) -> None:
        pass
