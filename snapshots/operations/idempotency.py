"""A form is sent once: whoever sends it a second time waits for the first, and sees its operation (promise 13).

The claim spares the provider idle looks and the second sender a confusing answer. That there is only one operation is
not its doing but that of the unique key in the database: so a claim may end early, and lasts no longer than a look.
"""

import math
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from snapshots.connection import OPTIONAL_SECONDS
from snapshots.inventory import leases
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Operation

_waiting = threading.BoundedSemaphore(max(1, settings.SNAPPORTAL_THREADS // 2))
"""Whoever waits holds a thread: no more than half of them may."""

CAME_SECOND = "being_checked"
"""Another request of this form is being worked on. It has no operation yet: nothing was sent for the form so far."""


def look_seconds() -> float:
    """How long the look before the intent may take: the snapshots, then the servers, each with its deadline."""
    return float(settings.SNAPPORTAL_API_TIMEOUT_SECONDS) + OPTIONAL_SECONDS + 2


def operation_of(idempotency_key: str) -> Operation | None:
    """The operation that the form with this key has led to. Without one, nothing was sent for it."""
    return Operation.objects.filter(idempotency_key=idempotency_key).first()


@contextmanager
def claim(idempotency_key: str) -> Iterator[Operation | None]:
    """The operation that this form has led to already; or None, and then nobody else makes it inside this block.

    Raises OperationRefusedError, with the time after which the claim of the first is over.
    """
    earlier = operation_of(idempotency_key)
    if earlier:
        yield earlier
        return
    lease, owner = f"once:{idempotency_key}", secrets.token_hex(8)
    is_mine = leases.take(lease, owner, look_seconds()) or _await_first(idempotency_key, lease, owner)
    try:
        # The first may have ended between our look and our claim.
        yield operation_of(idempotency_key)
    finally:
        if is_mine:
            leases.release(lease, owner)


def _await_first(idempotency_key: str, lease: str, owner: str) -> bool:
    """True when the claim of the first is over and now ours, False once its operation is there."""
    if not _waiting.acquire(blocking=False):
        raise _came_second(lease)
    try:
        until = time.monotonic() + look_seconds() + 1
        while time.monotonic() < until:
            time.sleep(0.05)
            if operation_of(idempotency_key):
                return False
            is_over = leases.seconds_left(lease) == 0  # it was refused, or its worker died
            if is_over and leases.take(lease, owner, look_seconds()):
                return True
    finally:
        _waiting.release()
    raise _came_second(lease)


def _came_second(lease: str) -> OperationRefusedError:
    return OperationRefusedError(CAME_SECOND, retry_after_seconds=math.ceil(leases.seconds_left(lease)))
