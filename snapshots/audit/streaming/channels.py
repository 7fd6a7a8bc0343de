"""The channels that the settings name."""

from django.conf import settings

from snapshots.audit.streaming.sender import Channel
from snapshots.audit.streaming.syslog import Syslog
from snapshots.audit.streaming.webhook import Webhook


def configured() -> list[Channel]:
    found: list[Channel] = []
    public_only = not settings.SNAPPORTAL_STREAM_PRIVATE_ADDRESSES
    if settings.SNAPPORTAL_STREAM_WEBHOOK_URL:
        found.append(
            Webhook(
                settings.SNAPPORTAL_STREAM_WEBHOOK_URL,
                settings.SNAPPORTAL_STREAM_WEBHOOK_SECRET,
                public_only=public_only,
            )
        )
    if settings.SNAPPORTAL_STREAM_SYSLOG:
        host, port = settings.SNAPPORTAL_STREAM_SYSLOG
        found.append(
            Syslog(
                host,
                port,
                authorities=settings.SNAPPORTAL_STREAM_SYSLOG_CA,
                certificate=settings.SNAPPORTAL_STREAM_SYSLOG_CERTIFICATE,
                is_close_enough=settings.SNAPPORTAL_STREAM_SYSLOG_CONFIRM == "close",
                public_only=public_only,
            )
        )
    return found
