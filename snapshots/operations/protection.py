"""Protected snapshots: no channel of the portal deletes one until somebody with the right lifts it (promise 36)."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from snapshots import contract, sql
from snapshots.audit import journal
from snapshots.audit.journal import Actor, EntryData
from snapshots.contract import Snapshot
from snapshots.operations.approval import Approval
from snapshots.operations.blocks import check_approved
from snapshots.operations.confirmation import snapshot_fingerprint
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.guarded_models import PolicyAction
from snapshots.operations.models import Action, Operation, Protection
from snapshots.operations.rights import borrowed, check_lasting, check_still_allowed
from snapshots.vault.models import StoredToken

PERMISSION = Action.DELETE.permission
"""Who may delete may also protect a snapshot, and lift its protection, though not by a temporary role."""


@dataclass(frozen=True)
class Target:
    """A listed snapshot, and the token and server's name with which the log describes it."""

    token: StoredToken
    server_name: str
    snapshot: Snapshot

    @property
    def ids(self) -> dict[str, int]:
        return {"server_id": self.snapshot.server.id, "snapshot_id": self.snapshot.id}

    @property
    def columns(self) -> dict[str, Any]:
        """Of a row that waits for the moment at which something is done with it: it must still be the same then."""
        return {
            **self.ids,
            **self.token.columns,
            "server_name": self.server_name,
            "snapshot_name": self.snapshot.name,
            "snapshot_created_at": self.snapshot.created_at,
            "fingerprint": snapshot_fingerprint(self.snapshot),
        }

    def entry(self, actor: Actor, *, action: str, **fields: Any) -> EntryData:
        return actor.entry(
            action=action,
            **self.ids,
            server_name=self.server_name,
            snapshot_name=self.snapshot.name,
            token_label=self.token.label,
            token_fingerprint=self.token.fingerprint,
            **fields,
        )


def protected_ids(server_ids: Sequence[int]) -> dict[int, set[int]]:
    """Server → its protected snapshots, for those of these servers that have any."""
    found: dict[int, set[int]] = defaultdict(set)
    if server_ids:
        for one in sql.select(Protection, f"WHERE server_id IN ({sql.places(server_ids)})", server_ids):
            found[one.server_id].add(one.snapshot_id)
    return found


def check_unprotected(*, server_id: int, snapshot_id: int | None) -> None:
    """Raises OperationRefusedError "protected". Under the log's lock, because `protect` takes it too."""
    if Protection.objects.filter(server_id=server_id, snapshot_id=snapshot_id or 0).exists():
        raise OperationRefusedError("protected")


def check_not_being_deleted(*, server_id: int, snapshot_id: int) -> None:
    """Raises OperationRefusedError "snapshot_deleting" if its deletion was requested and may still happen."""
    deletes = Operation.objects.open().filter(action=Action.DELETE)
    if deletes.filter(server_id=server_id, snapshot_id=snapshot_id).exists():
        raise OperationRefusedError("snapshot_deleting")


def protect(
    *, actor: Actor, target: Target, reason: str = "", also: Callable[[], object] | None = None
) -> Protection:
    """Protect a snapshot from now on. `also` is called in the same transaction.

    Raises OperationRefusedError (already_protected, snapshot_deleting, not_allowed_any_more), JournalUnavailableError.
    """
    text = contract.clean_reason(reason)
    server_id = target.snapshot.server.id
    with journal.committed():
        noted = borrowed(actor.id, [(PERMISSION, server_id)])
        entry = target.entry(actor, action="snapshot.protect", reason=text, evidence=noted.note)
        journal.record(entry)
        check_still_allowed(actor.id, PERMISSION, server_id=server_id, token_id=target.token.pk, noted=noted)
        check_not_being_deleted(**target.ids)
        row, is_new = Protection.objects.get_or_create(
            **target.ids,
            defaults={"person_id": int(actor.id or 0), "reason": text, "created_at": timezone.now()},
        )
        if not is_new:
            raise OperationRefusedError("already_protected")
        if also:
            also()
    return row


def lift(
    *,
    actor: Actor,
    target: Target,
    reason: str,
    approval: Approval | None = None,
    guard: Callable[[], object] = lambda: None,
) -> None:
    """Lift the protection of a snapshot. `guard` is called last in the same transaction.

    Raises OperationRefusedError (reason_missing, approval_needed, not_protected, only_temporary, not_allowed_any_more),
    JournalUnavailableError.
    """
    text = contract.clean_reason(reason)
    if not text:
        raise OperationRefusedError("reason_missing")
    with journal.committed():
        evidence = approval.text if approval else ""
        journal.record(target.entry(actor, action=PolicyAction.UNPROTECT, reason=text, evidence=evidence))
        check_lasting(actor.id, [(PERMISSION, target.snapshot.server.id)])
        check_still_allowed(
            actor.id, PERMISSION, server_id=target.snapshot.server.id, token_id=target.token.pk
        )
        check_approved([(target.snapshot.server.id, PolicyAction.UNPROTECT)], approval)
        lifted, _rows = Protection.objects.filter(**target.ids).delete()
        if not lifted:
            raise OperationRefusedError("not_protected")
        guard()
