"""The alarm for silence: tells an address outside, regularly, that the worker lives. That address notices when it stops."""

import structlog
from django.conf import settings

from snapshots.audit import outbound

log = structlog.get_logger()

SEND_SECONDS = 5.0


def ping() -> int:
    """POST nothing to SNAPPORTAL_HEARTBEAT_URL. 0 if there is none, or it did not take it, which is logged."""
    url: str = settings.SNAPPORTAL_HEARTBEAT_URL
    if not url:
        return 0
    try:
        answer = outbound.post(url, b"", {"User-Agent": "SnapPortal"}, seconds=SEND_SECONDS)
    except outbound.OutboundError as error:
        log.warning("heartbeat.failed", error=str(error))
        return 0
    if not 200 <= answer < 300:  # noqa: PLR2004 - any 2xx
        log.warning("heartbeat.refused", status=answer)
        return 0
    return 1
