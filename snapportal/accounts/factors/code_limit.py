"""Limits how many codes of an authenticator app are tried for one person, from all addresses together.

A code has six digits, and three of them are right at any time: whoever knows the password and has many addresses would
find one. The throttle of sign-in counts each address; this counts the person. What it refuses are codes of the app alone: a
passkey and a recovery code cannot be guessed and stay accepted, so that nobody is locked out by somebody else's guesses. It is
not cleared by a sign-in, which would give the guesser new tries. 50 tries a day find a code in one year with a
probability of 5%, with the password known, and with a row of the log for each.
"""

import math
from datetime import timedelta
from typing import Final

from django.utils import timezone

from snapportal.accounts.factors.models import WrongCode
from snapportal.accounts.models import User

LIMITS: Final = ((timedelta(minutes=15), 10), (timedelta(days=1), 50))


class TooManyCodesError(Exception):
    """No code is accepted now. `minutes`: until when."""

    def __init__(self, minutes: int) -> None:
        super().__init__(minutes)
        self.minutes = minutes


def minutes_to_wait(person: User, *, besides: int = 0) -> int:
    """Minutes until a code may be tried; 0 if it may be tried now. `besides`: the number of a try that is not counted."""
    now = timezone.now()
    waits = [0.0]
    counted = WrongCode.objects.filter(person=person).exclude(pk=besides)
    for window, allowed in LIMITS:
        times = counted.filter(at__gt=now - window).order_by("-at", "-pk")
        decisive = times.values_list("at", flat=True)[allowed - 1 : allowed]
        waits += [(at + window - now).total_seconds() / 60 for at in decisive]
    return math.ceil(max(waits))


def begin_try(person: User) -> WrongCode:
    """Count a try before its code is looked at: of many at once, no more than allowed are.

    Raises TooManyCodesError. `take_back` a try whose code was right.
    """
    now = timezone.now()
    WrongCode.objects.filter(at__lte=now - LIMITS[-1][0]).delete()
    begun = WrongCode.objects.create(person=person, at=now)
    minutes = minutes_to_wait(person, besides=begun.pk)
    if minutes:
        take_back(begun)
        raise TooManyCodesError(minutes)
    return begun


def take_back(begun: WrongCode) -> None:
    WrongCode.objects.filter(pk=begun.pk).delete()
