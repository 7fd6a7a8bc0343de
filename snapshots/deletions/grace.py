"""How long a deletion waits: the setting, or what was set for a server."""

from collections.abc import Iterable

from django.conf import settings

from snapshots.audit import journal
from snapshots.audit.journal import Actor
from snapshots.contract import clean_reason
from snapshots.deletions.models import ServerGrace
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action
from snapshots.operations.rights import check_lasting, check_still_allowed

MAX_DAYS = 7


def grace_days(server_id: int) -> int:
    """0 to 7; 0 deletes at once."""
    return grace_days_of([server_id])[server_id]


def grace_days_of(server_ids: Iterable[int]) -> dict[int, int]:
    """Server → its grace time, in one query."""
    ids = list(server_ids)
    own = ServerGrace.objects.filter(server_id__in=ids).values_list("server_id", "days")
    return dict.fromkeys(ids, settings.SNAPPORTAL_DELETE_GRACE_DAYS) | dict(own)


def set_grace(
    *,
    actor: Actor,
    server_id: int,
    server_name: str,
    days: int | None,
    reason: str = "",
    token_id: str = "",
) -> None:
    """Set a server's grace time; None for that of the setting. What waits already is not changed.

    `token_id`: the stored token that shows the actor the server. Raises OperationRefusedError (bad_grace, only_temporary, and
    those of check_still_allowed), JournalUnavailableError.
    """
    if days is not None and not 0 <= days <= MAX_DAYS:
        raise OperationRefusedError("bad_grace")
    before = grace_days(server_id)
    after = settings.SNAPPORTAL_DELETE_GRACE_DAYS if days is None else days
    with journal.committed():
        journal.record(
            actor.entry(
                action="deletion.set_grace",
                server_id=server_id,
                server_name=server_name,
                reason=clean_reason(reason),
                evidence=f"{before} → {after} days" + (" (the setting)" if days is None else ""),
            )
        )
        check_lasting(actor.id, [(Action.DELETE.permission, server_id)])
        check_still_allowed(actor.id, Action.DELETE.permission, server_id=server_id, token_id=token_id)
        if days is None:
            ServerGrace.objects.filter(server_id=server_id).delete()
        else:
            ServerGrace.objects.update_or_create(server_id=server_id, defaults={"days": days})
