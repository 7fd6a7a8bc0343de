"""A form is sent once: whoever sends it a second time waits for the first, and sees its operation (promise 13).

The claim spares the provider idle looks and the second sender a confusing answer. That there is only one operation is
not its doing but that of the unique key in the database.
"""

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from snapshots.inventory import leases
from snapshots.operations.models import Operation

CLAIM_SECONDS = 90.0

_waiting = threading.BoundedSemaphore(max(1, settings.SNAPPORTAL_THREADS // 2))
"""Whoever waits holds a thread: no more than half of them may."""


class BeingSentError(Exception):
    """The first has not come to its operation yet, and waiting on is not possible. Nothing was sent for this one."""

    code = "being_sent"


@contextmanager
def claim(idempotency_key: str) -> Iterator[Operation | None]:
    """The operation that this form has led to already, or None, and then nobody else makes it inside this block.

    Raises BeingSentError.
    """
    earlier = Operation.objects.filter(idempotency_key=idempotency_key).first()
    if earlier:
        yield earlier
        return
    key, owner = f"once:{idempotency_key}", secrets.token_hex(8)
    if not leases.take(key, owner, CLAIM_SECONDS):
        yield _await_first(idempotency_key)
        return
    try:
        # The first may have ended between our look and our claim.
        yield Operation.objects.filter(idempotency_key=idempotency_key).first()
    finally:
        leases.release(key, owner)


def _await_first(idempotency_key: str) -> Operation:
    if not _waiting.acquire(blocking=False):
        raise BeingSentError
    try:
        # Before the first has its operation it looks at two lists, each with the whole deadline.
        until = time.monotonic() + 2 * float(settings.SNAPPORTAL_API_TIMEOUT_SECONDS) + 2
        while time.monotonic() < until:
            time.sleep(0.05)
            first = Operation.objects.filter(idempotency_key=idempotency_key).first()
            if first:
                return first
    finally:
        _waiting.release()
    raise BeingSentError
