"""What the log says about changes past the portal: what was listed, and when; and about servers without a new snapshot."""

from typing import Final

from snapshots.audit.wording.kinds import COUNT, EXACT_MOMENT, MEGABYTES, STATUS, TEXT
from snapshots.audit.wording.statements import Counted, Statement

# --- A change (wording.py) ------------------------------------------------------------------------------------------------

APPEARED: Final = Statement(
    "observed.appeared",
    "Not listed at %(before)s, listed at %(at)s as “%(name)s”",
    before=EXACT_MOMENT,
    at=EXACT_MOMENT,
    name=TEXT,
)
APPEARED_FIRST: Final = Statement(
    "observed.appeared_first",
    "Not listed before, listed at %(at)s as “%(name)s”",
    at=EXACT_MOMENT,
    name=TEXT,
)
WITH_STATUS: Final = Statement("observed.status", "status “%(status)s”", status=STATUS)
OF_SIZE: Final = Statement("observed.size", "of %(size)s", size=MEGABYTES)
OF_UNKNOWN_SIZE: Final = Statement("observed.unknown_size", "of unknown size")
CREATED_AT: Final = Statement("observed.created_at", "created at %(at)s", at=EXACT_MOMENT)
VANISHED: Final = Statement(
    "observed.vanished",
    "Listed as “%(name)s” at %(listed_at)s, not listed at %(missed_at)s.",
    name=TEXT,
    listed_at=EXACT_MOMENT,
    missed_at=EXACT_MOMENT,
)
VANISHED_TWICE: Final = Statement(
    "observed.vanished_twice",
    "Listed as “%(name)s” at %(listed_at)s, not listed at %(first)s and %(second)s.",
    name=TEXT,
    listed_at=EXACT_MOMENT,
    first=EXACT_MOMENT,
    second=EXACT_MOMENT,
)
RENAMED: Final = Statement(
    "observed.renamed",
    "Listed as “%(before)s” at %(listed_at)s, as “%(after)s” at %(read_at)s.",
    before=TEXT,
    listed_at=EXACT_MOMENT,
    after=TEXT,
    read_at=EXACT_MOMENT,
)
RESIZED: Final = Statement(
    "observed.resized",
    "Listed with %(before)s at %(listed_at)s, with %(after)s at %(read_at)s.",
    before=MEGABYTES,
    listed_at=EXACT_MOMENT,
    after=MEGABYTES,
    read_at=EXACT_MOMENT,
)
MAY_NOT_LIST: Final = Statement(
    "observed.may_not_list",
    "No snapshot of its server is listed, and the token may not list servers: it may still exist.",
)
NOT_READ: Final = Statement(
    "observed.not_read",
    "No snapshot of its server is listed, and the list of servers is not known to be complete.",
)
NOT_LISTED: Final = Statement(
    "observed.not_listed",
    "Its server is not listed either: it was deleted, or the token may not see it any more.",
)

# --- Silence (silence.py) -------------------------------------------------------------------------------------------------

NEVER_COMPLETED: Final = Statement(
    "silence.never_completed",
    "No completed snapshot was ever listed since %(since)s.",
    since=EXACT_MOMENT,
)
NEWEST_COMPLETED: Final = Statement(
    "silence.newest_completed",
    "The newest completed snapshot that is known is “%(name)s” of %(at)s.",
    name=TEXT,
    at=EXACT_MOMENT,
)
LAST_LIST: Final = Statement("silence.last_list", "The last confirmed list is of %(at)s.", at=EXACT_MOMENT)
NO_LIST: Final = Statement("silence.no_list", "No list of it was ever confirmed.")
TOLD_AFTER: Final = Counted(
    "silence.told_after",
    "It is told after %(days)s day.",
    "It is told after %(days)s days.",
    by="days",
    days=COUNT,
)
