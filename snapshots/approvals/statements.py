"""What the log says about requests for approval."""

from typing import Final

from snapshots.audit.wording.kinds import BARE, CODE, COUNT, ID, MOMENT, TEXT, list_of
from snapshots.audit.wording.statements import Counted, Statement

APPROVED_BY: Final = Statement("approval.approved_by", "approved by person %(person)s", person=ID)
GLASS_BROKEN_BY: Final = Statement("approval.glass_broken_by", "glass broken by person %(person)s", person=ID)
REQUEST: Final = Statement("approval.request", "request %(request)s", request=BARE)
ASKED_BY: Final = Statement("approval.asked_by", "asked by person %(person)s", person=ID)
WANTED: Final = Statement("approval.wanted", "wanted: %(kind)s", kind=CODE)
TITLED: Final = Statement("approval.titled", "titled “%(title)s”", title=TEXT)
OF_SNAPSHOT: Final = Statement(
    "approval.of_snapshot", "“%(snapshot)s” of “%(server)s”", snapshot=TEXT, server=TEXT
)
AFTER_DELETING: Final = Statement("approval.after_deleting", "after deleting “%(snapshot)s”", snapshot=TEXT)
LIFTS: Final = Statement("approval.lifts", "lifts %(codes)s", codes=list_of(CODE))
NEEDED: Final = Counted(
    "approval.needed",
    "%(needed)s person to approve until %(until)s",
    "%(needed)s people to approve until %(until)s",
    by="needed",
    needed=COUNT,
    until=MOMENT,
)
