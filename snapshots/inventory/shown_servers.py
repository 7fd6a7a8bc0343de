"""Which servers were in the last lists read with a token, or with any of a person's own. Does not call the provider."""

from snapshots.connection import Person
from snapshots.inventory.readings import load, server_ids, to_reading
from snapshots.inventory.servers import listed_servers
from snapshots.vault.models import StoredToken


def servers_shown_with(fingerprint: str) -> set[int]:
    """The IDs of the servers in the last lists read with a token, which may not be stored any more."""
    cached = load(fingerprint)
    return server_ids(cached) if cached else set()


def names_shown_with(token: StoredToken) -> dict[int, str] | None:
    """ID → name of each server in the last lists read with a token, sorted by name; None if none were read."""
    cached = load(token.fingerprint)
    if cached is None or not cached.confirmed_at:
        return None
    return {one.server_id: one.name for one in listed_servers(token, to_reading(cached)) if not one.is_gone}


def servers_shown_to(user: Person) -> set[int]:
    fingerprints = StoredToken.objects.filter(user_id=user.pk or 0).values_list("fingerprint", flat=True)
    return set().union(*map(servers_shown_with, set(fingerprints)))


def own_token_for(person_id: int | None, server_id: int, *, fingerprint: str) -> StoredToken | None:
    """The person's copy of the token with this fingerprint, else their first token that showed the server when last read."""
    own = list(StoredToken.objects.filter(user_id=person_id or 0))
    copies = [one for one in own if one.fingerprint == fingerprint]
    if copies:
        return copies[0]
    return next((one for one in own if server_id in servers_shown_with(one.fingerprint)), None)
