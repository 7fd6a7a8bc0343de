"""What no row of the log records: operations that take too long, refused tokens, a provider or a worker that is away."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from django.utils import timezone

from snapshots.inventory.clocks import is_alarming
from snapshots.inventory.reader import last_whole_reading
from snapshots.inventory.readings import Reading
from snapshots.notifications.models import LOG_CURSOR, Cursor, Event, Kind, Notification
from snapshots.notifications.outbox import announce
from snapshots.notifications.troubles import lasting, tell
from snapshots.operations.attention import is_overdue
from snapshots.operations.models import Operation, State
from snapshots.operations.reconciliation import read_and_reconcile
from snapshots.vault.models import StoredToken

DOWN_AFTER: Final = timedelta(minutes=5)
KEEP_FOR: Final = timedelta(days=90)
CLOCK_AFTER: Final = timedelta(minutes=1)
RECENT: Final = timedelta(minutes=15)
CLOCK: Final = "clock"
PROVIDER: Final = "provider"
DOWN_ERRORS: Final = frozenset({"unreachable", "deadline", "broken", "unreadable", "server_fault"})
"""Codes of readings that failed at the provider or on the way to it."""
Found = tuple[StoredToken, Reading | None]
"""A stored token and its last reading."""


def check_all() -> int:
    """Make an event of each new trouble. Returns how many."""
    found = [(token, last_whole_reading(token.fingerprint)) for token in StoredToken.objects.all()]
    return (
        _check_overdue()
        + _check_tokens([token for token, _reading in found])
        + _check_provider(found)
        + _check_clock(found)
        + check_worker()
    )


def _check_overdue() -> int:
    """Accepted operations past their expected end; an unknown result has a row in the log."""
    accepted = Operation.objects.open().filter(state=State.ACCEPTED)
    return sum(announce(_overdue(operation)) for operation in accepted if is_overdue(operation))


def _overdue(operation: Operation) -> Event:
    return Event(
        key=f"overdue-{operation.pk}",
        kind=Kind.OVERDUE,
        at=timezone.now(),
        action=operation.action,
        operation_id=operation.pk,
        actor_id=operation.actor_id,
        server_id=operation.server_id,
        server_name=operation.server_name,
        snapshot_name=operation.snapshot_name,
        token_label=operation.token_label,
        token_fingerprint=operation.token_fingerprint,
    )


def _check_tokens(found: Sequence[StoredToken]) -> int:
    """Tokens that the provider refuses, each told once for each time that it begins to."""
    return sum(
        announce(
            Event(
                key=f"token-{token.pk}-{token.refused_at:%Y%m%dT%H%M%S%f}",
                kind=Kind.TOKEN_REFUSED,
                at=timezone.now(),
                actor_id=token.user_id,
                token_label=token.label,
                token_fingerprint=token.fingerprint,
            )
        )
        for token in found
        if token.refused_at is not None
    )


def _check_provider(found: Sequence[Found]) -> int:
    """Told once the provider was away for DOWN_AFTER, and a fresh reading has confirmed that it still is."""
    failing = [token for token, reading in found if reading and reading.error in DOWN_ERRORS]
    trouble = lasting(PROVIDER, is_bad=bool(failing), after=DOWN_AFTER)
    if trouble is None or read_and_reconcile(failing[0], fresh=True).error not in DOWN_ERRORS:
        return 0
    return tell(trouble, Event(kind=Kind.PROVIDER_DOWN, at=timezone.now()))


def _check_clock(found: Sequence[Found]) -> int:
    """Told once the lists of CLOCK_AFTER show that the clocks differ. Old lists say nothing of the present clock."""
    now = timezone.now()
    recent = [one for _token, one in found if one and one.tried_at and abs(now - one.tried_at) < RECENT]
    is_wrong = any(is_alarming(one) for one in recent)
    trouble = lasting(CLOCK, is_bad=is_wrong, after=CLOCK_AFTER)
    return tell(trouble, Event(kind=Kind.CLOCK_WRONG, at=now)) if trouble else 0


def check_worker() -> int:
    """Tell that the worker is away, if it read the log last DOWN_AFTER ago or longer.

    Pages call it too: a worker that is away cannot. What goes by e-mail or to a target is sent when it is back.
    """
    last = Cursor.objects.filter(name=LOG_CURSOR).first()
    if last is None or abs(timezone.now() - last.checked_at) < DOWN_AFTER:
        return 0
    key = f"worker-{last.checked_at:%Y%m%dT%H%M%S}"
    return int(announce(Event(key=key, kind=Kind.WORKER_DOWN, at=timezone.now())))


def clear_old() -> int:
    """Delete events that are older than KEEP_FOR, with what was told of them. Returns how many notifications."""
    old = Event.objects.filter(at__lt=timezone.now() - KEEP_FOR)
    count = Notification.objects.filter(event__in=old).count()
    old.delete()
    return count
