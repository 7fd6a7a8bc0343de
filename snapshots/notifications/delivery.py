"""Makes messages of the outbox's rows, and sends each until it is taken, with longer and longer pauses (promise 38).

Everything that happens to one receiver within a minute becomes one message. A message is sent again under its own ID after
a failure, and after its sender was killed: at least once, never lost.
"""

import random
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Min, Q, QuerySet
from django.utils import timezone

from snapshots.contract import clean_text
from snapshots.notifications import channels
from snapshots.notifications.channels import SEND_SECONDS, SendError
from snapshots.notifications.models import Delivery, DeliveryState, Event, OutboxItem

SETTLE_SECONDS: Final = 5.0
"""How long the first event of a message waits for others."""
DIGEST_SECONDS: Final = 60.0
"""A receiver gets at most one message in this time."""
MAX_EVENTS: Final = 100
"""In one message."""
MAX_ATTEMPTS: Final = 10
"""With the pauses between them about two and a half hours."""
FIRST_PAUSE_SECONDS: Final = 10.0
MAX_PAUSE_SECONDS: Final = 3600.0
CLAIM_SECONDS: Final = 4 * SEND_SECONDS
RUN_SECONDS: Final = 20.0
"""After this time no further delivery begins, so that slow receivers do not hold up the worker's other tasks."""
ERROR_LENGTH: Final = 300


def deliver_due() -> int:
    """Make and send what is due, as long as RUN_SECONDS lasts. Returns how many deliveries were tried."""
    combine()
    tried = 0
    end = time.monotonic() + RUN_SECONDS
    due = Delivery.objects.filter(_is_due(timezone.now()), state=DeliveryState.WAITING)
    for delivery in due.order_by("due_at").select_related("target", "person"):
        if time.monotonic() > end:
            break
        tried += deliver(delivery)
    return tried


def _is_due(now: datetime) -> Q:
    """Also what is due later than any pause lasts: that time is from before the clock was set back."""
    return Q(due_at__lte=now) | Q(due_at__gt=now + 2 * timedelta(seconds=MAX_PAUSE_SECONDS))


def combine() -> int:
    """Make a delivery for each receiver whose events have settled and whose last message is long enough ago."""
    now = timezone.now()
    waiting = OutboxItem.objects.filter(delivery=None).values("target_id", "person_id").order_by()
    found = waiting.annotate(first=Min("created_at")).filter(
        Q(first__lte=now - timedelta(seconds=SETTLE_SECONDS)) | Q(first__gt=now)
    )
    return sum(
        _make_delivery(one["target_id"], one["person_id"], now)
        for one in found
        if not _had_message(one["target_id"], one["person_id"], now)
    )


def _of(target_id: UUID | None, person_id: int | None) -> Q:
    """The rows of one receiver, which is a target or a person."""
    return Q(target_id=target_id) if target_id else Q(target_id=None, person_id=person_id)


def _had_message(target_id: UUID | None, person_id: int | None, now: datetime) -> bool:
    since = now - timedelta(seconds=DIGEST_SECONDS)
    recent = Delivery.objects.filter(created_at__gt=since, created_at__lte=now)
    return recent.filter(_of(target_id, person_id)).exists()


def _make_delivery(target_id: UUID | None, person_id: int | None, now: datetime) -> bool:
    """Put the receiver's waiting events into one delivery; False if another worker has just done so."""
    with transaction.atomic():
        waiting = OutboxItem.objects.filter(_of(target_id, person_id), delivery=None)
        rows = list(waiting.order_by("pk").values_list("pk", flat=True)[:MAX_EVENTS])
        delivery = Delivery.objects.create(
            target_id=target_id, person_id=person_id, created_at=now, due_at=now
        )
        if OutboxItem.objects.filter(pk__in=rows, delivery=None).update(delivery=delivery):
            return True
        transaction.set_rollback(True)
    return False


def deliver(delivery: Delivery) -> bool:
    """Send one delivery now, unless somebody else does. Whether it was tried."""
    now = timezone.now()
    until = now + timedelta(seconds=CLAIM_SECONDS)
    is_free = (
        Q(claimed_until=None)
        | Q(claimed_until__lt=now)
        | Q(claimed_until__gt=until + timedelta(seconds=CLAIM_SECONDS))
    )
    row = Delivery.objects.filter(_is_due(now), pk=delivery.pk, state=DeliveryState.WAITING)
    if not row.filter(is_free).update(claimed_until=until):
        return False
    delivery.refresh_from_db()
    try:
        channels.send(delivery, events_of(delivery))
    except SendError as error:
        _fail(delivery, error)
    else:
        _end(delivery, DeliveryState.SENT, "")
    return True


def events_of(delivery: Delivery) -> list[Event]:
    return events_by_delivery([delivery])[delivery.pk]


def events_by_delivery(deliveries: Iterable[Delivery]) -> dict[UUID, list[Event]]:
    """Delivery → what it tells, in the order in which it happened, with one query for all of them."""
    found: dict[UUID, list[Event]] = {one.pk: [] for one in deliveries}
    items = OutboxItem.objects.filter(delivery__in=list(found)).select_related("event").order_by("event_id")
    for item in items:
        if item.delivery_id is not None:
            found[item.delivery_id].append(item.event)
    return found


def pause_seconds(attempts: int) -> float:
    """The pause after this many failures: doubled each time up to MAX_PAUSE_SECONDS, of it 50 to 100%."""
    longest = min(FIRST_PAUSE_SECONDS * 2.0 ** min(attempts, 30), MAX_PAUSE_SECONDS)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret


def _held(delivery: Delivery) -> QuerySet[Delivery]:
    """The row, unless the claim was lost and another worker has recorded an attempt of its own."""
    return Delivery.objects.filter(
        pk=delivery.pk, state=DeliveryState.WAITING, claimed_until=delivery.claimed_until
    )


def _end(delivery: Delivery, state: DeliveryState, error: str) -> None:
    _held(delivery).update(
        state=state,
        attempts=delivery.attempts + 1,
        ended_at=timezone.now(),
        claimed_until=None,
        last_error=error,
    )


def _fail(delivery: Delivery, error: SendError) -> None:
    """Record the failure, and when it is tried again; give up after MAX_ATTEMPTS, or at once if nothing will help."""
    attempts = delivery.attempts + 1
    text = clean_text(str(error), ERROR_LENGTH)
    if error.is_final or attempts >= MAX_ATTEMPTS:
        _end(delivery, DeliveryState.GIVEN_UP, text)
        return
    _held(delivery).update(
        attempts=attempts,
        due_at=timezone.now() + timedelta(seconds=pause_seconds(attempts)),
        claimed_until=None,
        last_error=text,
    )
