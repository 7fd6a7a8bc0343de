"""What must not stand in a log line."""

import re
from collections.abc import MutableMapping
from typing import Any

INVITATION_KEY = re.compile(r"(/welcome/)[^/\s\"']+")


def hide_invitation_keys(
    logger: object, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Django logs the path of a request that failed; in an invitation's path stands the key to an account."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = INVITATION_KEY.sub(r"\1…", value)
    return event
