"""What the log says about jobs."""

from typing import Final

from snapshots.audit.wording.kinds import ACTION, COUNT, TEXT
from snapshots.audit.wording.statements import Counted, Statement

STEP: Final = Statement(
    "job.step", "%(action)s “%(snapshot)s” of “%(server)s”", action=ACTION, snapshot=TEXT, server=TEXT
)
STEPS_COMPLETED: Final = Counted(
    "job.steps_completed",
    "%(done)s of %(all)s step completed.",
    "%(done)s of %(all)s steps completed.",
    by="all",
    done=COUNT,
    all=COUNT,
)
