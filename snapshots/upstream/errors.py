"""All failures of a call to the provider, and what each means for the requested operation.

    UpstreamError
    ├── NotSentError            nothing was sent                                  effect none
    │   ├── BusyError           too many calls to the provider are already open
    │   ├── UnreachableError    no connection: refused, no such host, no TLS
    │   └── BadCallError        the portal refused to send it (an invalid ID or name)
    ├── RefusedError            the provider answered that it did not do it       effect none
    │   ├── InvalidError        400
    │   ├── LimitReachedError   a create: the provider's message says that the limit of snapshots is reached
    │   ├── TokenRefusedError   401
    │   ├── ForbiddenError      403
    │   ├── NotFoundError       404
    │   └── RateLimitedError    429, or the Retry-After of an earlier answer has not passed (then nothing was sent)
    └── LostError               it may have happened                              effect unknown
        ├── DeadlineError       the total deadline passed after something was sent
        ├── BrokenError         reset or closed in the middle
        ├── UnreadableError     an answer that is cut or not the contract's
        │   └── TooLargeError   more than the client reads in one call
        ├── ContradictoryError  a success status, and a body that says that it failed
        └── ServerFaultError    5xx, or a status that no client can explain (1xx, 3xx)

The effect is what a *write* may have done: `none` is shown as failed, `unknown` as neither completed nor failed.
"""

from typing import ClassVar, Literal

Effect = Literal["none", "unknown"]


class UpstreamError(Exception):
    """`code` is stable and for logs; `status` the provider's HTTP status if there was one; `message` its message.

    `detail` is the portal's own text for logs, never shown as the provider's.
    `retry_after_seconds`: how long the provider asked the portal to wait; None if it did not.
    """

    code: ClassVar[str] = "upstream"
    effect: ClassVar[Effect] = "unknown"

    def __init__(
        self,
        detail: str = "",
        *,
        status: int | None = None,
        message: str = "",
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(detail or message or self.code)
        self.message = message
        self.status = status
        self.retry_after_seconds = retry_after_seconds


class NotSentError(UpstreamError):
    code = "not_sent"
    effect = "none"


class BusyError(NotSentError):
    code = "busy"


class UnreachableError(NotSentError):
    code = "unreachable"


class BadCallError(NotSentError):
    code = "bad_call"


class RefusedError(UpstreamError):
    code = "refused"
    effect = "none"


class InvalidError(RefusedError):
    code = "invalid"


class LimitReachedError(RefusedError):
    code = "limit_reached"


class TokenRefusedError(RefusedError):
    code = "token_refused"


class ForbiddenError(RefusedError):
    code = "forbidden"


class NotFoundError(RefusedError):
    code = "not_found"


class RateLimitedError(RefusedError):
    """Without a `status` nothing was sent: the Retry-After of an earlier answer has not passed."""

    code = "rate_limited"


class LostError(UpstreamError):
    code = "lost"
    effect = "unknown"


class DeadlineError(LostError):
    code = "deadline"


class BrokenError(LostError):
    code = "broken"


class UnreadableError(LostError):
    code = "unreadable"


class ContradictoryError(LostError):
    code = "contradictory"


class TooLargeError(UnreadableError):
    code = "too_large"


class ServerFaultError(LostError):
    code = "server_fault"
