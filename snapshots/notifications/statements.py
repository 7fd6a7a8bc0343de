"""What the log says about the team's targets of notifications."""

from typing import Final

from snapshots.audit.wording.kinds import BARE, CODE, EVENT, TEXT, list_of
from snapshots.audit.wording.statements import Statement

ADDRESS: Final = Statement(
    "target.address", "%(kind)s “%(address)s”", only=("notification.",), kind=CODE, address=TEXT
)
EVENTS: Final = Statement("target.events", "events: %(events)s", events=list_of(EVENT))
NO_EVENTS: Final = Statement("target.no_events", "events: none")
DELIVERY: Final = Statement("target.delivery", "delivery %(id)s", id=BARE)
