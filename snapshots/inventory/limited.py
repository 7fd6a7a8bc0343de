"""A reading as far as the limits of a stored token leave it."""

from collections.abc import Set
from dataclasses import replace

from snapshots.inventory.readings import Reading
from snapshots.vault.models import StoredToken


def within(reading: Reading, server_ids: Set[int]) -> Reading:
    """With these servers and their snapshots alone, as if the provider did not show the others.

    `observation` stays whole: it is evidence for the operations of everybody with the same token.
    """
    servers = reading.servers
    return replace(
        reading,
        snapshots=tuple(one for one in reading.snapshots if one.server.id in server_ids),
        servers=None if servers is None else tuple(one for one in servers if one.id in server_ids),
        limited_to=frozenset(server_ids),
    )


def within_limits(token: StoredToken, reading: Reading) -> Reading:
    servers = token.limits.servers
    return reading if servers is None else within(reading, servers.keys())
