"""Leases in the database, so that one process or thread does work for all: `add` is not atomic in every cache backend."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from django.db import connection

from snapshots.inventory.models import Lease

CLOCK_TOLERANCE_SECONDS = 60.0


def take(key: str, owner: str, seconds: float) -> bool:
    """Take the lease for `seconds` unless another owner holds it. Of concurrent callers exactly one succeeds."""
    now = time.time()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO lease (key, owner, expires_at) VALUES (%s, %s, %s) "
            "ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, expires_at = excluded.expires_at "
            "WHERE lease.expires_at < %s RETURNING owner",
            [key, owner, now + seconds, now],
        )
        return cursor.fetchone() is not None


def keep(key: str, owner: str, seconds: float) -> bool:
    """Like `take`, but the owner of the lease may take it again; it writes only once a third of the time has passed.

    All owners of the key must take it for as long: one that ends later is from before the clock was set back, and is dropped.
    """
    held = Lease.objects.filter(key=key, owner=owner).values_list("expires_at", flat=True).first()
    now = time.time()
    if held is not None and now + seconds >= held > now + seconds * 2 / 3:
        return True
    if held is not None and Lease.objects.filter(key=key, owner=owner).update(expires_at=now + seconds):
        return True
    wrong = Lease.objects.filter(key=key, expires_at__gt=now + seconds + CLOCK_TOLERANCE_SECONDS)
    if wrong.exists():
        wrong.delete()
    return take(key, owner, seconds)


@contextmanager
def held(key: str, seconds: float) -> Iterator[bool]:
    """Take the lease for the block, and release it after. The block is told whether it was free."""
    owner = uuid4().hex
    if not take(key, owner, seconds):
        yield False
        return
    try:
        yield True
    finally:
        release(key, owner)


def clear_expired() -> int:
    """Delete leases that expired an hour ago or more. Returns how many."""
    return Lease.objects.filter(expires_at__lt=time.time() - 3600).delete()[0]


def release(key: str, owner: str) -> None:
    Lease.objects.filter(key=key, owner=owner).delete()


def seconds_left(key: str) -> float:
    """How long the lease is still valid; 0 if nobody holds it."""
    expires_at = Lease.objects.filter(key=key).values_list("expires_at", flat=True).first()
    return max(0.0, (expires_at or 0.0) - time.time())
