"""What an approval is to those who act on it; requests and decisions are in snapshots/approvals."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.utils import timezone

from snapshots.operations.statements import TO_BE_ASKED_FOR

NEEDED = "approval_needed"
"""The code of a refusal because of a policy."""


@dataclass(frozen=True)
class Approval:
    """That other people approved it. `text`: who, for the log. `lifts`: the codes of what forbade it. Times are of UTC, as text.
    `people`: the IDs of those who gave it, of whom `needed` must still be allowed to do it when something is sent.

    It lifts the locks and freezes that were there when it was asked for, and the policies that were there when it was given.
    """

    text: str
    asked_at: str
    given_at: str
    lifts: tuple[str, ...]
    people: tuple[int, ...] = ()
    needed: int = 0

    @classmethod
    def to_ask_for(cls, lifts: tuple[str, ...] = (NEEDED,)) -> "Approval":
        """Stands for one that will be asked for. Only for checks: nothing is sent with it."""
        now = timezone.now().isoformat()
        return cls(TO_BE_ASKED_FOR.said(), now, now, lifts)

    @classmethod
    def stored(cls, value: dict[str, Any] | None) -> "Approval | None":
        """From the JSON of a job or a planned deletion."""
        if not value:
            return None
        lists = {name: tuple(value.get(name, ())) for name in ("lifts", "people")}
        return cls(**{**value, **lists})

    def covers(self, code: str, created_at: datetime) -> bool:
        """Whether it lifts a lock, a freeze or a policy of this time."""
        until = self.given_at if code == NEEDED else self.asked_at
        return code in self.lifts and created_at <= datetime.fromisoformat(until)


Confirmed = TypeVar("Confirmed")


@dataclass(frozen=True)
class Approved(Generic[Confirmed]):
    """Takes the place of what a form confirms where other people approved it: a selection, or the one-time key of a form.

    `guard` is called last in the transaction in which it begins, under the log's lock, and raises OperationRefusedError if
    it may not happen any more.
    """

    confirmed: Confirmed
    approval: Approval
    guard: Callable[[], object]


def approved_of(confirmation: str | Approved[Confirmed]) -> Approved[Confirmed] | None:
    """What other people approved; None for the text of a form."""
    return confirmation if isinstance(confirmation, Approved) else None
