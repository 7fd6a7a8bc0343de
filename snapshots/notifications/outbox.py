"""Makes events, and in the same transaction a row for each person and each target that is told of them.

The log is read with a cursor, in the order in which its rows were committed, so that no row is passed over: see
audit/streaming. Nothing that writes the log knows of notifications.
"""

from collections.abc import Iterable
from datetime import datetime

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from snapshots.audit.models import Entry
from snapshots.notifications import events, rules
from snapshots.notifications.models import LOG_CURSOR, Cursor, Event, Notification, OutboxItem

log = structlog.get_logger()

ROWS_PER_RUN = 200
PULSE_SECONDS = 15.0


def read_log() -> int:
    """Make events of the rows that were written since the last run, at most ROWS_PER_RUN. Returns how many rows were read.

    The first run begins with what is written after it. The cursor moves in the transaction of what was made, so a
    process that is killed, or a second one at the same time, neither loses an event nor makes it twice.
    """
    newest = Entry.objects.all().numbered().last_sequence() or 0
    cursor, _created = Cursor.objects.get_or_create(
        name=LOG_CURSOR, defaults={"sequence": newest, "checked_at": timezone.now()}
    )
    if newest < cursor.sequence:
        log.warning("notifications.log_is_shorter", cursor=cursor.sequence, newest=newest)
        _move(cursor, newest)
        return 0
    if newest == cursor.sequence:
        _beat(cursor)
        return 0
    return _read_rows(cursor, min(newest, cursor.sequence + ROWS_PER_RUN))


def _read_rows(cursor: Cursor, until: int) -> int:
    rows = list(Entry.objects.all().numbered().rows(after=cursor.sequence, until=until))
    found = [event for row in rows if (event := events.from_row(row))]
    with transaction.atomic():
        if not _move(cursor, until):
            return 0  # another worker has read these rows
        _tell(found)
    return len(rows)


def _move(cursor: Cursor, sequence: int) -> bool:
    """Move the cursor, unless another worker moved it."""
    held = Cursor.objects.filter(pk=cursor.pk, sequence=cursor.sequence)
    return bool(held.update(sequence=sequence, checked_at=timezone.now()))


def _beat(cursor: Cursor) -> None:
    now = timezone.now()
    if abs((now - cursor.checked_at).total_seconds()) > PULSE_SECONDS:
        Cursor.objects.filter(pk=cursor.pk).update(checked_at=now)


def announce(event: Event) -> bool:
    """Make an event that no row of the log records. False if there is one with its key."""
    if Event.objects.filter(key=event.key).exists():
        return False
    with transaction.atomic():
        return bool(_tell([event]))


def _tell(found: Iterable[Event]) -> int:
    """Save the events that are new, with a row for each receiver. Returns how many. Only inside a transaction."""
    told = 0
    for event in found:
        saved, is_new = Event.objects.get_or_create(key=event.key, defaults=_columns(event))
        if is_new:
            told += 1
            _tell_people(saved, timezone.now())
            _tell_targets(saved, timezone.now())
    return told


def _columns(event: Event) -> dict[str, object]:
    return {
        field.attname: getattr(event, field.attname)
        for field in Event._meta.concrete_fields
        if field.attname not in {"id", "key"}
    }


def _tell_people(event: Event, now: datetime) -> None:
    found = list(rules.receivers(event))
    Notification.objects.bulk_create(
        Notification(event=event, person_id=one.person_id, is_colleagues=one.is_colleagues)
        for one in found
        if one.in_portal
    )
    if settings.SNAPPORTAL_EMAIL is not None:
        OutboxItem.objects.bulk_create(
            OutboxItem(event=event, person_id=one.person_id, created_at=now) for one in found if one.by_email
        )


def _tell_targets(event: Event, now: datetime) -> None:
    OutboxItem.objects.bulk_create(
        OutboxItem(event=event, target=target, created_at=now) for target in rules.targets(event)
    )
