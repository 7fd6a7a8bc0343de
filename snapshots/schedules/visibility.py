"""Which servers a schedule is about, and so who sees it and with which tokens it can go on."""

from collections.abc import Collection

from django.db.models import Q

from snapshots.connection import Person, own_tokens
from snapshots.inventory.shown_servers import servers_reached_with, servers_shown_to, servers_shown_with
from snapshots.schedules.models import Schedule, ScheduleQuerySet
from snapshots.vault.models import StoredToken


def about_servers(ids: Collection[int]) -> ScheduleQuerySet:
    """Those that name one of these servers, and those of all servers of a token that showed one of them last."""
    of_all = Schedule.objects.present().filter(covers_all=True)
    fingerprints = [
        one
        for one in of_all.values_list("token_fingerprint", flat=True).distinct()
        if not servers_shown_with(one).isdisjoint(ids)
    ]
    return Schedule.objects.present().filter(
        Q(covers_all=False, servers__server_id__in=ids)
        | Q(covers_all=True, token_fingerprint__in=fingerprints)
    )


def visible_to(user: Person) -> ScheduleQuerySet:
    """A person's own, those with a token that the person has stored too, and those about servers that the person's tokens show.

    People who manage people see all. A schedule may be there twice: use distinct() for a list.
    """
    present = Schedule.objects.present()
    if user.has_perm("people.manage"):  # type: ignore[union-attr]
        return present
    tokens = own_tokens(user)
    unlimited = [one.fingerprint for one in tokens if one.limited_servers is None]
    own = present.filter(Q(owner_id=user.pk or 0) | Q(token_fingerprint__in=unlimited))
    limited = {number for one in tokens for number in one.limits.servers or ()}
    return own | about_servers(servers_shown_to(user) | limited)


def can_go_on_with(schedule: Schedule, token: StoredToken) -> bool:
    """Whether this token is the schedule's, or showed one of its servers last: with another account's it would be another one."""
    if token.fingerprint == schedule.token_fingerprint and token.limited_servers is None:
        return True
    covered: Collection[int]
    if schedule.covers_all:
        covered = servers_shown_with(schedule.token_fingerprint)
    else:
        covered = set(schedule.servers.values_list("server_id", flat=True))
    return not servers_reached_with(token).isdisjoint(covered)
