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


def minutes_to_wait(person: User) -> int:
    """Minutes until a code may be tried; 0 if it may be tried now."""
    now = timezone.now()
    waits = [0.0]
    for window, allowed in LIMITS:
        times = WrongCode.objects.filter(person=person, at__gt=now - window).order_by("-at", "-pk")
        decisive = times.values_list("at", flat=True)[allowed - 1 : allowed]
        waits += [(at + window - now).total_seconds() / 60 for at in decisive]
    return math.ceil(max(waits))


def count_wrong_code(person: User) -> None:
    now = timezone.now()
    WrongCode.objects.filter(at__lte=now - LIMITS[-1][0]).delete()
    WrongCode.objects.create(person=person, at=now)
