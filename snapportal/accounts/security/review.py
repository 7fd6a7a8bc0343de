"""What an admin should look at: temporary roles, and people, API keys and tokens that nobody has used for long."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from django.conf import settings
from django.db.models import Case, Exists, F, Model, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from snapportal.accounts.factors.models import Authenticator, Passkey
from snapportal.accounts.models import ROLES_WITH_SERVERS, User
from snapportal.accounts.team_models import Team
from snapportal.accounts.temporary_roles.models import State, TemporaryRole
from snapshots.api.models import ApiKey
from snapshots.schedules.models import Schedule
from snapshots.vault.models import StoredToken

UNUSED_DAYS: Final = 90
SHOWN: Final = 50
"""Lines of each list; the rest is counted."""
M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Finding(Generic[M]):
    """The first lines of a list, and how many there are beyond them."""

    lines: Sequence[M]
    more: int


def finding(rows: QuerySet[M]) -> Finding[M]:
    lines = list(rows[:SHOWN])
    return Finding(lines, rows.count() - SHOWN if len(lines) == SHOWN else 0)


def limit() -> datetime:
    """Who or what was last used before this time is unused."""
    return timezone.now() - timedelta(days=UNUSED_DAYS)


def people() -> QuerySet[User]:
    """Who may sign in."""
    return User.objects.filter(is_active=True, service_owner=None)


def without_second_factor() -> QuerySet[User]:
    """Who could set one up and has none, those first whose role, or a team's, needs one (`needs_one`)."""
    authenticators = Authenticator.objects.filter(person=OuterRef("pk"), confirmed_at__isnull=False)
    passkeys = Passkey.objects.filter(person=OuterRef("pk"))
    required = settings.SNAPPORTAL_REQUIRE_SECOND_FACTOR
    by_team = Team.objects.filter(members=OuterRef("pk"), role__in=required)
    for_hours = temporary_roles().filter(person=OuterRef("pk"), role__in=required)
    lent = Q(role__in=ROLES_WITH_SERVERS) & (Exists(by_team) | Exists(for_hours))
    needs_one = Q(role__in=required) | lent
    return (
        people()
        .filter(~Exists(authenticators), ~Exists(passkeys))
        .annotate(needs_one=Case(When(needs_one, then=Value(True)), default=Value(False)))
        .order_by("-needs_one", "name", "pk")
    )


def quiet_people() -> QuerySet[User]:
    """Active people who have not signed in for 90 days, or never in the 90 days since they were added."""
    return (
        people()
        .alias(used_at=Coalesce("last_login", "created_at"))
        .filter(used_at__lt=limit())
        .order_by(F("last_login").asc(nulls_first=True), "pk")
    )


def temporary_roles() -> QuerySet[TemporaryRole]:
    """Those that hold now, the first to end first."""
    now = timezone.now()
    held = TemporaryRole.objects.filter(state=State.GRANTED, decided_at__lte=now, ends_at__gt=now)
    return held.select_related("person").order_by("ends_at")


def unused_keys() -> QuerySet[ApiKey]:
    """Valid API keys that no request has used for 90 days."""
    return (
        ApiKey.objects.alive()
        .alias(used_at=Coalesce("last_used_at", "created_at"))
        .filter(used_at__lt=limit())
        .select_related("owner")
        .order_by("used_at", "pk")
    )


def unused_tokens() -> QuerySet[StoredToken]:
    """Tokens older than 90 days whose owner has not signed in for so long, and which no API key and no schedule has used.

    Whoever signs in uses all of their tokens: the list of servers is read with each of them.
    """
    keys = ApiKey.objects.filter(token=OuterRef("pk"), last_used_at__gte=limit())
    schedules = Schedule.objects.active().filter(token_id=OuterRef("pk"))
    owner_is_there = Q(user__is_active=True, user__last_login__gte=limit())
    return (
        StoredToken.objects.filter(created_at__lt=limit())
        .exclude(owner_is_there)
        .exclude(Exists(keys))
        .exclude(Exists(schedules))
        .select_related("user")
        .order_by("created_at", "pk")
    )
