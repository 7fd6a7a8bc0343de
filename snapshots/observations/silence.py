"""The watch for servers of which no snapshot was completed for too long. Each silence is told once, by a row of the log.

It counts from the newest completed snapshot that was ever listed. A provider that cannot be read is silence as well.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.utils import timezone

from snapshots.audit import journal
from snapshots.audit.journal import Actor, EntryData
from snapshots.audit.wording.shared import DAYS_CHANGED, THE_SETTING
from snapshots.audit.wording.statements import joined
from snapshots.contract import clean_reason
from snapshots.observations import statements
from snapshots.observations.models import KnownServer, SeenList
from snapshots.operations.rights import borrowed, check_still_allowed

MANAGE = "schedules.manage"
"""Who decides what is taken regularly also decides when its absence is told."""
ACTION = "server.silent"
SHOWN_AFTER_DAYS: Final = 30
"""Of servers without a choice of their own, where there is no setting either: the overview shows them, nobody is told."""
CHOICES = (0, 1, 2, 3, 5, 7, 14, 30, 60, 90)
"""In days; 0 for never."""


def days_of(server: KnownServer | None) -> int:
    """After how many days without a completed snapshot a server counts as silent; 0 for never."""
    own = server.silent_after_days if server else None
    return settings.SNAPPORTAL_SILENT_AFTER_DAYS if own is None else own


def set_days(*, actor: Actor, server_id: int, server_name: str, days: int | None, reason: str = "") -> None:
    """Choose it for one server; None for the setting. A silence that was told is told again if it lasts.

    Raises OperationRefusedError (not_allowed_any_more), JournalUnavailableError.
    """
    before = days_of(KnownServer.objects.filter(pk=server_id).first())
    after = settings.SNAPPORTAL_SILENT_AFTER_DAYS if days is None else days
    now = timezone.now()
    with journal.committed():
        noted = borrowed(actor.id, [(MANAGE, server_id)])
        journal.record(
            actor.entry(
                action="server.set_silence",
                server_id=server_id,
                server_name=server_name,
                reason=clean_reason(reason),
                evidence=noted.added_to(_changed(before, after, is_setting=days is None)),
            )
        )
        check_still_allowed(actor.id, MANAGE, server_id=server_id, noted=noted)
        KnownServer.objects.update_or_create(
            server_id=server_id,
            defaults={"silent_after_days": days, "silent_told_at": None},
            create_defaults={
                "silent_after_days": days,
                "server_name": server_name,
                "first_listed_at": now,
                "listed_at": now,
            },
        )


def _changed(before: int, after: int, *, is_setting: bool) -> str:
    days = DAYS_CHANGED.said(before=before, after=after)
    return joined([days, THE_SETTING.said() if is_setting else ""], " ")


def tell_of_silence() -> int:
    """Write a row for each server that has become silent. Returns how many. Raises JournalUnavailableError."""
    now = timezone.now()
    untold = KnownServer.objects.filter(gone_at=None, silent_told_at=None)
    if not settings.SNAPPORTAL_SILENT_AFTER_DAYS:
        untold = untold.filter(silent_after_days__gt=0)
    return sum(_tell(server) for server in untold if is_silent(server, now))


def is_silent(server: KnownServer, now: datetime) -> bool:
    days = days_of(server)
    return bool(days) and now - (server.completed_at or server.first_listed_at) > timedelta(days=days)


def shown_condition(now: datetime) -> tuple[str, list[Any]]:
    """Which servers the overview counts: as `is_silent` says, but with SHOWN_AFTER_DAYS where there is no setting."""
    return silent_condition(now, settings.SNAPPORTAL_SILENT_AFTER_DAYS or SHOWN_AFTER_DAYS)


def silent_condition(now: datetime, setting: int | None = None) -> tuple[str, list[Any]]:
    """What `is_silent` says, as a condition on rows of KnownServer, with its parameters."""
    setting = settings.SNAPPORTAL_SILENT_AFTER_DAYS if setting is None else setting
    periods = sorted({*CHOICES, setting} - {0})
    since = "COALESCE(completed_at, first_listed_at)"
    terms = " OR ".join([f"(COALESCE(silent_after_days, {setting:d}) = %s AND {since} < %s)"] * len(periods))
    limits = [value for days in periods for value in (days, now - timedelta(days=days))]
    return f"gone_at IS NULL AND ({terms})", limits


def _tell(server: KnownServer) -> bool:
    untold = KnownServer.objects.filter(
        pk=server.pk, silent_told_at=None, completed_at=server.completed_at, gone_at=None
    )
    with journal.committed():
        if not untold.update(silent_told_at=timezone.now()):
            return False
        journal.record(
            EntryData(
                action=ACTION,
                result="failed",
                server_id=server.server_id,
                server_name=server.server_name,
                evidence=_evidence(server),
                token_label=server.token_label,
                token_fingerprint=server.token_fingerprint,
                channel="evidence",
            )
        )
    return True


def _evidence(server: KnownServer) -> str:
    if server.completed_at is None:
        known = statements.NEVER_COMPLETED.said(since=server.first_listed_at)
    else:
        known = statements.NEWEST_COMPLETED.said(name=server.completed_name, at=server.completed_at)
    read_at = SeenList.objects.filter(pk=server.token_fingerprint).values_list("read_at", flat=True).first()
    confirmed = statements.LAST_LIST.said(at=read_at) if read_at else statements.NO_LIST.said()
    return joined([known, confirmed, statements.TOLD_AFTER.said(days=days_of(server))], " ")
