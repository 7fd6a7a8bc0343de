"""Limits the rate of password guesses without locking an account for all addresses.

Failures are counted per pair of sign-in name and address, and per address (with a higher limit, as a whole office may
share it). A sign-in from another address is not affected.
"""

import math
from collections.abc import Collection
from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from snapportal.accounts.models import SignInFailure, User

WINDOW = timedelta(minutes=15)
MAX_FAILURES_OF_PAIR = 10
MAX_FAILURES_OF_ADDRESS = 30


def _pair(username: str, address: str) -> str:
    name = User.normalize_username(username)
    return salted_hmac("snapportal.sign-in", f"{address} {name}", algorithm="sha256").hexdigest()


def _counted(username: str, address: str) -> list[tuple[QuerySet[SignInFailure], int]]:
    """The recent failures, newest first, and how many of them are allowed."""
    recent = SignInFailure.objects.filter(at__gt=timezone.now() - WINDOW).order_by("-at", "-pk")
    return [
        (recent.filter(pair=_pair(username, address)), MAX_FAILURES_OF_PAIR),
        (recent.filter(address=address), MAX_FAILURES_OF_ADDRESS),
    ]


def minutes_to_wait(username: str, address: str) -> int:
    """Minutes until a sign-in may be tried; 0 if it may be tried now."""
    now = timezone.now()
    waits = [0.0]
    for failures, allowed in _counted(username, address):
        decisive = failures.values_list("at", flat=True)[allowed - 1 : allowed]
        waits += [(at + WINDOW - now).total_seconds() / 60 for at in decisive]
    return math.ceil(max(waits))


def find_unrecorded_block(username: str, address: str) -> SignInFailure | None:
    """The failure that began the block, or None if an attempt after it is already recorded."""
    for failures, allowed in _counted(username, address):
        if failures[allowed - 1 : allowed].exists():
            newest = failures[0]
            return None if newest.is_followed else newest
    return None


def mark_followed(failure: SignInFailure) -> bool:
    """False when another attempt was first."""
    return SignInFailure.objects.filter(pk=failure.pk, is_followed=False).update(is_followed=True) == 1


def record_failure(username: str, address: str) -> None:
    forget_old()
    SignInFailure.objects.create(pair=_pair(username, address), address=address, at=timezone.now())


def forget_old() -> None:
    """Delete the failures that are no longer counted."""
    SignInFailure.objects.filter(at__lte=timezone.now() - WINDOW).delete()


def forget_addresses(addresses: Collection[str]) -> None:
    """Delete the failures from these addresses, and those that are no longer counted."""
    forget_old()
    SignInFailure.objects.filter(address__in=list(addresses)).delete()


def clear_failures(username: str, address: str) -> None:
    """Delete the failures of this pair, after a successful sign-in."""
    SignInFailure.objects.filter(pair=_pair(username, address)).delete()
