"""What the log says about operations and what blocks them."""

from typing import Final

from snapshots.audit.wording.kinds import (
    COUNT,
    EXACT_MOMENT,
    ID,
    STATUS,
    TEXT,
)
from snapshots.audit.wording.statements import Statement

# --- What the provider's lists prove (evidence.py) ----------------------------------------------------------------------

LISTED_AS: Final = Statement(
    "operation.listed_as", "The provider lists snapshot %(id)s as “%(status)s”.", id=ID, status=STATUS
)
OTHER_SNAPSHOT: Final = Statement(
    "operation.other_snapshot",
    "The provider named snapshot %(id)s, but lists it as “%(name)s” of server %(server)s.",
    id=ID,
    name=TEXT,
    server=ID,
)
NO_LONGER_LISTED: Final = Statement(
    "operation.no_longer_listed", "Snapshot %(id)s is no longer in the provider's list.", id=ID
)
FOUND: Final = Statement(
    "operation.found",
    "Snapshot %(id)s “%(name)s” is in the provider's list as “%(status)s”, was not there before, "
    "and was created at %(created_at)s.",
    id=ID,
    name=TEXT,
    status=STATUS,
    created_at=EXACT_MOMENT,
)
OBSERVED_ABSENT: Final = Statement(
    "operation.observed_absent",
    "Observed absent: snapshot %(id)s is no longer in the provider's list.",
    id=ID,
)
DELETED_AND_NOT_SHOWN: Final = Statement(
    "operation.deleted_and_not_shown",
    "The provider answered that it is deleted, and what it lists does not show %(id)s.",
    id=ID,
)
STILL_LISTED: Final = Statement(
    "operation.still_listed",
    "The provider answered with HTTP %(http_status)s, but still lists snapshot %(id)s as “%(status)s”.",
    http_status=ID,
    id=ID,
    status=STATUS,
)
SERVER_STATUS: Final = Statement(
    "operation.server_status", "The provider gives the server's status as “%(status)s”.", status=STATUS
)
NOT_RUNNING: Final = Statement(
    "operation.not_running",
    "The provider accepted the restore, but gave the server's status as “%(status)s” %(seconds)s s later.",
    status=STATUS,
    seconds=COUNT,
)
BEING_RESTORED: Final = Statement(
    "operation.being_restored", "The provider says that the server is being restored."
)
CLOSED_BY_HAND: Final = Statement("operation.closed_by_hand", "Found by a person: “%(reason)s”", reason=TEXT)
