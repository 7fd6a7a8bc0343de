"""What the log says about schedules and their runs."""

from typing import Final

from snapshots.audit.wording.kinds import ACTION, BARE, CODE, COUNT, ID, MOMENT, TEXT, list_of
from snapshots.audit.wording.statements import Counted, Statement

RULE: Final = Statement("schedule.rule", "“%(cron)s” %(zone)s", only=("schedule.",), cron=TEXT, zone=BARE)
KEEPS: Final = Statement(
    "schedule.keeps",
    "keeps %(last)s last, %(daily)s daily, %(weekly)s weekly, %(monthly)s monthly",
    last=COUNT,
    daily=COUNT,
    weekly=COUNT,
    monthly=COUNT,
)
DELETES_NOTHING: Final = Statement("schedule.deletes_nothing", "deletes nothing")
ON_ALL_SERVERS: Final = Statement("schedule.all_servers", "all servers", only=("schedule.",))
ON_SERVERS: Final = Statement("schedule.servers", "servers %(ids)s", only=("schedule.",), ids=list_of(ID))
NAMED: Final = Statement("schedule.named", "named “%(pattern)s”", pattern=TEXT)
NOTHING_BEGUN: Final = Statement("schedule.nothing_begun", "Nothing was begun.")
MADE: Final = Counted(
    "schedule.made", "%(count)s snapshot made", "%(count)s snapshots made", by="count", count=COUNT
)
FAILED_STEP: Final = Statement(
    "schedule.failed_step",
    "Failed: %(action)s of “%(server)s”: %(code)s",
    action=ACTION,
    server=TEXT,
    code=CODE,
)
STANDS_FOR: Final = Counted(
    "schedule.stands_for",
    "It stands for %(missed)s earlier due time, at which no worker ran.",
    "It stands for %(missed)s earlier due times, at which no worker ran.",
    by="missed",
    missed=COUNT,
)
LAST_GOOD_RUN: Final = Statement("schedule.last_good_run", "The last good run ended %(at)s.", at=MOMENT)
NO_GOOD_RUN: Final = Statement("schedule.no_good_run", "No run was good yet.")
