"""What the log says about planned deletions and grace times."""

from typing import Final

from snapshots.audit.wording.kinds import COUNT
from snapshots.audit.wording.statements import Counted, Statement

PROTECTED: Final = Statement("deletion.protected", "The snapshot was protected.")
HOLDS_IN: Final = Counted(
    "deletion.holds_in",
    "holds in %(hours)s hour unless somebody calls it back",
    "holds in %(hours)s hours unless somebody calls it back",
    by="hours",
    hours=COUNT,
)
