"""Which servers a token, or any of a person's own, showed when last read, within their limits. Does not call the provider."""

from collections.abc import Iterable

from django.db.models import Q

from snapshots.connection import Person, own_tokens
from snapshots.inventory.limited import within_limits
from snapshots.inventory.readings import Reading, load, server_ids, to_reading
from snapshots.inventory.servers import listed_servers
from snapshots.vault.models import StoredToken


def servers_shown_with(fingerprint: str) -> set[int]:
    """The IDs of all servers in the last lists read with a token, which may not be stored any more."""
    cached = load(fingerprint)
    return server_ids(cached) if cached else set()


def servers_reached_with(token: StoredToken) -> set[int]:
    """The same, within the limits of a stored token."""
    shown, limited = servers_shown_with(token.fingerprint), token.limits.servers
    return shown if limited is None else shown & limited.keys()


def names_shown_with(token: StoredToken) -> dict[int, str] | None:
    """ID → name of each server in the last lists read with a token, sorted by name; None if none were read."""
    return _names(token, reaches_all=False)


def all_names_shown_with(token: StoredToken) -> dict[int, str] | None:
    """The same whatever its limits: for those who may lift them."""
    return _names(token, reaches_all=True)


def names_shown_to(user: Person) -> dict[int, str]:
    """ID → name of each server that the person's tokens showed when last read, by name."""
    return _by_name(map(names_shown_with, own_tokens(user)))


def all_known_names() -> dict[int, str]:
    """The same of all stored tokens. Only for those who manage people."""
    tokens = {one.fingerprint: one for one in StoredToken.objects.all()}
    return _by_name(map(all_names_shown_with, tokens.values()))


def _by_name(lists: Iterable[dict[int, str] | None]) -> dict[int, str]:
    found = {number: name for names in lists for number, name in (names or {}).items()}
    return dict(sorted(found.items(), key=lambda one: one[1].casefold()))


def _names(token: StoredToken, *, reaches_all: bool) -> dict[int, str] | None:
    reading = _last_reading(token)
    if reading is None:
        return None
    shown = reading if reaches_all else within_limits(token, reading)
    return {one.server_id: one.name for one in listed_servers(token, shown) if not one.is_gone}


def _last_reading(token: StoredToken) -> Reading | None:
    cached = load(token.fingerprint)
    return to_reading(cached) if cached and cached.confirmed_at else None


def readings_shown_to(user: Person) -> list[tuple[StoredToken, Reading | None]]:
    """Each of the person's tokens with its last lists, as far as its limits leave them; None if they were never read."""
    found = ((token, _last_reading(token)) for token in own_tokens(user))
    return [(token, within_limits(token, reading) if reading else None) for token, reading in found]


def servers_shown_to(user: Person) -> set[int]:
    return set().union(*map(servers_reached_with, own_tokens(user)))


def shown_to(user: Person, *, server: str = "server_id", fingerprint: str = "token_fingerprint") -> Q:
    """Rows with a token that the person has stored too, as far as it reaches their server, and rows about servers that the
    person's tokens showed last. `server` and `fingerprint` are the rows' columns."""
    tokens = own_tokens(user)
    unlimited = {one.fingerprint for one in tokens if one.limited_servers is None}
    found = Q(**{f"{fingerprint}__in": unlimited})
    for one in tokens:
        if one.limits.servers is not None and one.fingerprint not in unlimited:
            found |= Q(**{fingerprint: one.fingerprint, f"{server}__in": list(one.limits.servers)})
    shown = set().union(*map(servers_reached_with, tokens))
    return found | Q(**{f"{server}__in": shown})


def copy_reaching(tokens: Iterable[StoredToken], fingerprint: str, server_id: int) -> StoredToken | None:
    """Of these tokens, a copy of the one with this fingerprint that reaches the server."""
    return next((one for one in tokens if one.fingerprint == fingerprint and one.reaches(server_id)), None)


def own_token_for(person_id: int | None, server_id: int, *, fingerprint: str) -> StoredToken | None:
    """The person's copy of the token with this fingerprint, else their first token that showed the server when last read."""
    own = list(StoredToken.objects.filter(user_id=person_id or 0))
    copy = copy_reaching(own, fingerprint, server_id)
    return copy or next((one for one in own if server_id in servers_reached_with(one)), None)
