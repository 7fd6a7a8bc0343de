"""Which of a person's own tokens shows a server."""

from snapshots.inventory.reader import last_reading
from snapshots.inventory.readings import shows_server
from snapshots.vault.models import StoredToken


def own_token_for(person_id: int | None, server_id: int, *, fingerprint: str) -> StoredToken | None:
    """The person's copy of the token with this fingerprint, else their first token that showed the server when last read."""
    own = list(StoredToken.objects.filter(user_id=person_id or 0))
    copies = [one for one in own if one.fingerprint == fingerprint]
    if copies:
        return copies[0]
    return next((one for one in own if (seen := last_reading(one)) and shows_server(seen, server_id)), None)
