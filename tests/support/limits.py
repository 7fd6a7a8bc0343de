"""Stored tokens with limits."""

from collections.abc import Iterable

from snapshots.audit.journal import Actor
from snapshots.vault.limiting import set_limits
from snapshots.vault.limits import Limits
from snapshots.vault.models import StoredToken
from tests.support.desk import Desk

SEE, CREATE = (), ("snapshots.create",)
RIGHTS = {
    "all": None,
    "see": SEE,
    "create": CREATE,
    "restore": ("snapshots.restore",),
    "delete": ("snapshots.delete",),
}
"""What a token may be limited to, with a name for each."""


def limit(
    desk: Desk,
    *,
    servers: Iterable[int] | None = None,
    rights: Iterable[str] | None = None,
    by: Actor | None = None,
    reason: str = "only the shop",
) -> StoredToken:
    """Limit the desk's token, by its owner or by somebody else."""
    limits = Limits(
        servers=None if servers is None else {one: f"server {one}" for one in servers},
        rights=None if rights is None else tuple(rights),
    )
    set_limits(actor=by or desk.actor, stored=desk.token, limits=limits, reason=reason)
    desk.token.refresh_from_db()
    return desk.token
