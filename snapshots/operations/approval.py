"""What an approval is to those who act on it; requests and decisions are in snapshots/approvals."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


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
    def stored(cls, value: dict[str, Any] | None) -> "Approval | None":
        """From the JSON of a job or a planned deletion."""
        if not value:
            return None
        lists = {name: tuple(value.get(name, ())) for name in ("lifts", "people")}
        return cls(**{**value, **lists})

    def covers(self, code: str, created_at: datetime) -> bool:
        """Whether it lifts a lock, a freeze or a policy of this time."""
        until = self.given_at if code == "approval_needed" else self.asked_at
        return code in self.lifts and created_at <= datetime.fromisoformat(until)
