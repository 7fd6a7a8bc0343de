"""What the log says about API keys."""

from typing import Final

from snapshots.audit.wording.kinds import BARE, COUNT, DAY, TEXT
from snapshots.audit.wording.statements import Statement

KEY: Final = Statement("api_key", "“%(name)s” (%(shown)s…), id %(id)s", name=TEXT, shown=BARE, id=BARE)
VALID_UNTIL: Final = Statement("api_key.until", "until %(day)s", day=DAY)
NEEDS_REASON: Final = Statement("api_key.needs_reason", "reason required: yes")
NEEDS_NO_REASON: Final = Statement("api_key.needs_no_reason", "reason required: no")
READ_FROM: Final = Statement("api.read_from", "from row %(row)s on", row=COUNT)
