"""What the log says about operations and what blocks them."""

from typing import Final

from snapshots.audit.wording.kinds import (
    ACTION,
    BARE,
    COUNT,
    EXACT_MOMENT,
    ID,
    MOMENT,
    ROLE,
    STATUS,
    TEXT,
    WEEK_TIME,
    list_of,
)
from snapshots.audit.wording.statements import Counted, Statement

# --- What the provider answers and lists (evidence.py, dispatch.py, reconciliation.py) ------------------------------------

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
ANSWERED_AS: Final = Statement(
    "operation.answered_as",
    "The provider's answer gives snapshot %(id)s as “%(status)s”.",
    id=ID,
    status=STATUS,
)
NEVER_SENT: Final = Statement(
    "operation.never_sent", "The portal stopped before anything was sent to the provider."
)
INTERRUPTED: Final = Statement(
    "operation.interrupted", "The portal stopped before the provider's answer was written down."
)
CLOSED_BY_HAND: Final = Statement("operation.closed_by_hand", "A person says: “%(reason)s”", reason=TEXT)

# --- Who approved it, and who lifts what (guard.py, server_locks.py, freezes.py, policies.py) ----------------------------

TO_BE_ASKED_FOR: Final = Statement("approval.to_be_asked_for", "to be asked for")
LIFTS_AT: Final = Statement("guard.lifts_at", "lifts at %(at)s unless somebody calls it back", at=MOMENT)
ASKED_FOR_BY: Final = Statement(
    "guard.asked_for_by", "asked for by person %(person)s: “%(reason)s”", person=ID, reason=TEXT
)
LOCKED: Final = Statement("lock.restores", "restores, until it is lifted")
LOCKED_UNTIL: Final = Statement("lock.restores_until", "restores, until %(until)s", until=MOMENT)
LOCKED_ALL: Final = Statement("lock.all", "restores and deletions, until it is lifted")
LOCKED_ALL_UNTIL: Final = Statement("lock.all_until", "restores and deletions, until %(until)s", until=MOMENT)
ON_ALL_SERVERS: Final = Statement("guarded.all_servers", "all servers", only=("freeze.", "policy."))
ON_SERVER: Final = Statement(
    "guarded.server", "“%(name)s” (%(id)s)", only=("freeze.", "policy."), name=TEXT, id=ID
)
FROM_TO: Final = Statement("freeze.span", "from %(begin)s to %(end)s", begin=MOMENT, end=MOMENT)
EACH_WEEK: Final = Statement(
    "freeze.each_week",
    "each week from %(begin)s to %(end)s (%(zone)s)",
    begin=WEEK_TIME,
    end=WEEK_TIME,
    zone=BARE,
)
POLICY_ACTIONS: Final = Statement("policy.actions", "approval of %(actions)s", actions=list_of(ACTION))
POLICY_ANYBODY: Final = Counted(
    "policy.anybody",
    "%(needed)s of everybody else who may do it, within %(hours)s hour",
    "%(needed)s of everybody else who may do it, within %(hours)s hours",
    by="hours",
    needed=COUNT,
    hours=COUNT,
)
POLICY_PEOPLE: Final = Counted(
    "policy.people",
    "%(needed)s of the people %(people)s, within %(hours)s hour",
    "%(needed)s of the people %(people)s, within %(hours)s hours",
    by="hours",
    needed=COUNT,
    people=list_of(ID),
    hours=COUNT,
)

# --- Handing over (handover.py) -------------------------------------------------------------------------------------------

FROM_NOBODY: Final = Statement("handover.from_nobody", "from nobody to person %(to)s", to=ID)
FROM_PERSON: Final = Statement(
    "handover.from_person", "from person %(before)s to person %(to)s", before=ID, to=ID
)

# --- A right for some hours: its note stands in the rows of what is done under it -----------------------------------------

BY_TEMPORARY_ROLE: Final = Statement(
    "temporary_role.used",
    "by a temporary role (%(role)s), granted by person %(person)s, request %(request)s",
    role=ROLE,
    person=ID,
    request=BARE,
)
