"""A form is sent once: a second request with the same form waits for the first and returns its operation (promise 13).

The unique key in the database guarantees that there is only one operation. The claim only saves needless reads of the
provider and gives the second request a useful answer; so it may expire early, and lasts no longer than reading the
lists may take.
"""

import math
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from snapshots import sql
from snapshots.connection import OPTIONAL_SECONDS
from snapshots.inventory import leases
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Operation

_waiting = threading.BoundedSemaphore(max(1, settings.SNAPPORTAL_THREADS // 2))
"""A waiting request occupies a thread: at most half of the threads may wait."""

FORM_IN_PROGRESS = "being_checked"
"""Another request with this form is in progress and has no operation yet: so far nothing was sent for the form."""


def claim_seconds() -> float:
    """How long reading the lists before the intent may take: the snapshots, then the servers, each with its deadline."""
    return float(settings.SNAPPORTAL_API_TIMEOUT_SECONDS) + OPTIONAL_SECONDS + 2


def operation_for_key(idempotency_key: str) -> Operation | None:
    """The operation of the form with this key; None means that nothing was sent for the form."""
    return sql.first(Operation, "WHERE idempotency_key = %s", [idempotency_key])


@contextmanager
def claim(idempotency_key: str) -> Iterator[Operation | None]:
    """The operation that this form already has; or None, and then this request has the claim to make it.

    Raises OperationRefusedError, with the time until the other request's claim expires, if this request cannot wait.
    """
    earlier = operation_for_key(idempotency_key)
    if earlier:
        yield earlier
        return
    lease, owner = f"once:{idempotency_key}", secrets.token_hex(8)
    has_claim = leases.take(lease, owner, claim_seconds()) or _wait_for_other(idempotency_key, lease, owner)
    try:
        # The other request may have committed between the first query and this claim.
        yield operation_for_key(idempotency_key)
    finally:
        if has_claim:
            leases.release(lease, owner)


def _wait_for_other(idempotency_key: str, lease: str, owner: str) -> bool:
    """True once the other request's claim is over and this one has taken it; False once the operation exists."""
    if not _waiting.acquire(blocking=False):
        raise _in_progress(lease)
    try:
        until = time.monotonic() + claim_seconds() + 1
        while time.monotonic() < until:
            time.sleep(0.05)
            if operation_for_key(idempotency_key):
                return False
            is_over = leases.seconds_left(lease) == 0  # refused, or its worker died
            if is_over and leases.take(lease, owner, claim_seconds()):
                return True
    finally:
        _waiting.release()
    raise _in_progress(lease)


def _in_progress(lease: str) -> OperationRefusedError:
    return OperationRefusedError(FORM_IN_PROGRESS, retry_after_seconds=math.ceil(leases.seconds_left(lease)))
