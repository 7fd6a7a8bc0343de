"""Redaction of log lines."""

import re
from collections.abc import MutableMapping
from typing import Any

INVITATION_KEY = re.compile(r"(/welcome/)[^/\s\"']+")


def hide_invitation_keys(
    logger: object, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Django logs the path of a failed request; the path of an invitation holds its secret key."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = INVITATION_KEY.sub(r"\1…", value)
    return event
