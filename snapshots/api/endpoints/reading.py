"""The provider's lists for a key: through the shared readings of pages, restricted to the key's servers."""

from typing import Final

from snapshots.api.endpoints.errors import ApiError, retry_headers
from snapshots.api.endpoints.http import Call
from snapshots.contract import Snapshot
from snapshots.inventory.readings import Reading
from snapshots.inventory.servers import find_snapshot, listed_servers
from snapshots.operations.reconciliation import read_and_reconcile
from snapshots.vault.models import StoredToken

PROVIDER_STATUSES: Final = {"token_refused": 401, "forbidden": 403, "rate_limited": 429}
"""What the provider itself answered; the portal's own code says that it is about the stored token, not the key."""
OLDEST_SECONDS: Final = 3600.0


def read(call: Call, *, fresh: bool = False) -> Reading:
    """The lists as they are now. Raises ApiError if the provider did not give them, or not whole: a part would look like all."""
    reading = read_and_reconcile(call.token, fresh=fresh)
    if reading.is_stale:
        code = reading.error or "not_confirmed_live"
        status = PROVIDER_STATUSES.get(code, 503)
        raise ApiError(
            status,
            code if code == "rate_limited" else f"provider_{code}",
            "The provider did not give its list now, so the portal cannot say what there is.",
            headers=retry_headers(call.token.fingerprint) if status not in {401, 403} else {},
        )
    if not reading.is_complete:
        raise ApiError(503, "list_incomplete", "The provider's list could not be read to its end.")
    return reading


def snapshot_or_404(call: Call, snapshot_id: int, *, fresh: bool = False) -> tuple[Snapshot, str]:
    """The snapshot and the name of its server, which the key reaches. Raises ApiError.

    Which server a snapshot belongs to never changes, so a list of the last minutes tells it too; the name of the server may.
    """
    reading = read(call, fresh=True) if fresh else read_and_reconcile(call.token, max_age=OLDEST_SECONDS)
    found = find_snapshot(reading, snapshot_id)
    if found is None and not fresh:
        reading = read(call, fresh=True)
        found = find_snapshot(reading, snapshot_id)
    if found is None:
        raise ApiError(404, "not_found", "Snapshot does not exist.")
    if not call.reaches(found.server.id):
        call.record_refusal("api_key_server", found.server.id)
        raise ApiError(404, "not_found", "Snapshot does not exist.")
    return found, _name_of_server(call.token, reading, found.server.id)


def _name_of_server(token: StoredToken, reading: Reading, server_id: int) -> str:
    """As pages name it, and as the rules compare it."""
    return next(one.name for one in listed_servers(token, reading) if one.server_id == server_id)
