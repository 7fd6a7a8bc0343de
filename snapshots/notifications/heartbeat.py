"""The alarm for silence: tells an address outside, regularly, that the worker lives. That address notices when it stops."""

from datetime import datetime, timedelta
from typing import Final

import structlog
from django.conf import settings

from snapshots.audit import outbound
from snapshots.notifications.models import Trouble
from snapshots.notifications.troubles import lasting

log = structlog.get_logger()

SEND_SECONDS = 5.0
HEARTBEAT: Final = "heartbeat"


def ping() -> int:
    """POST nothing to SNAPPORTAL_HEARTBEAT_URL. 0 if there is none, or it did not take it: see failing_since."""
    url: str = settings.SNAPPORTAL_HEARTBEAT_URL
    is_taken = bool(url) and _post(url)
    lasting(HEARTBEAT, is_bad=bool(url) and not is_taken, after=timedelta())
    return int(is_taken)


def _post(url: str) -> bool:
    """Whether the address took it; a failure is logged."""
    try:
        answer = outbound.post(url, b"", {"User-Agent": "SnapPortal"}, seconds=SEND_SECONDS)
    except outbound.OutboundError as error:
        log.warning("heartbeat.failed", error=str(error))
        return False
    if not 200 <= answer < 300:  # noqa: PLR2004 - any 2xx
        log.warning("heartbeat.refused", status=answer)
        return False
    return True


def failing_since() -> datetime | None:
    """Since when the address takes nothing; None if it took the last one, or there is none."""
    if not settings.SNAPPORTAL_HEARTBEAT_URL:
        return None
    return Trouble.objects.filter(name=HEARTBEAT).values_list("since", flat=True).first()
